// ---------------------------------------------------------------------------------------- the run
struct Events {  // spikes of one monitor in one recorded instance, `columns` numbers each
    int64_t count, capacity;
    double* data;
};

struct Run {
    uint64_t seed;
    const uint64_t* streams;      // one id per instance: equal ids see equal noise
    char* blocks;                 // state of all instances; null: start anew in a scratch block
    int64_t fresh;                // copy initial values before the first step
    int64_t draws;                // initial expressions to evaluate before the first step
    const int64_t* draw_numbers;  // which one
    const int64_t* draw_noises;   // the id of its random numbers
    const char* const* tables;    // values by row, one table per array
    const int64_t* const* rows;   // row of each instance in each table; null: row 0
    const int64_t* first_steps;   // per clock
    const int64_t* last_steps;
    const int32_t* recorded;      // slot of each instance in the monitors, -1: not recorded
    double* const* samples;       // per recorded variable
    Events* events;               // per spike monitor and slot
    int64_t slots;
    int64_t outputs;              // arrays to copy out of a scratch block
    const int64_t* output_offsets;
    const int64_t* output_bytes;
    char* const* output_data;
    const double* const* data;    // values of timed arrays, by row
    const int64_t* const* data_rows;  // row of each instance; null: row 0
    uint8_t* failed;              // per instance: whether a number of its state is not finite
    int64_t until;                // place in the block of a number that ends the instance unless 0
    int64_t* ran;                 // per instance: steps of the first clock until its end
    double* profile;              // per object: seconds spent, where that is measured
    const int64_t* stop;          // ends all instances that run on a core, unless 0
};

