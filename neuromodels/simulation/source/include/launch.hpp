// The host's side: what a run needs goes to the device in one piece, and its results come back.
struct Launch {                   // what must be known beside a run
    int64_t threads;              // of a block
    int64_t order;                // in which emulated threads run
    uint64_t seed;                // of a shuffled order
    int64_t resident;             // blocks at a time, where each needs memory of its own; 0: ask
    const int64_t* data_bytes;    // of timed arrays
    const int64_t* sample_bytes;  // of all slots
    const int64_t* event_room;    // rows for each monitor and slot
    int64_t bytes;                // out: memory taken on the device
    int64_t* event_count;         // out: the most rows that a slot of each monitor has asked for
};

static std::mutex nm_one_at_a_time;

// A piece of memory on the device.  Laid out twice: once to measure it, once to fill it.
struct Arena {
    char* base = 0;
    int64_t used = 0;
    cudaError_t error = cudaSuccess;

    void note(cudaError_t found) { if (error == cudaSuccess) error = found; }
    template <typename T> T* room(int64_t count) {
        char* place = base + used;
        used += (count * (int64_t)sizeof(T) + 255) / 256 * 256;
        return (T*)place;
    }
    template <typename T> T* filled(const T* values, int64_t count) {
        T* place = room<T>(count);
        if (base && count > 0 && error == cudaSuccess)
            note(cudaMemcpy((void*)place, values, count * sizeof(T), cudaMemcpyHostToDevice));
        return place;
    }
    template <typename T> void fetch(T* to, const T* from, int64_t count) {
        if (count > 0 && error == cudaSuccess)
            note(cudaMemcpy(to, from, count * sizeof(T), cudaMemcpyDeviceToHost));
    }
};

struct OnDevice {  // the run as the kernel sees it, and what the host keeps for itself
    Run run;
    char* images;
    std::vector<char*> tables, outputs, samples, data;
    std::vector<int64_t*> rows;
    std::vector<Events> events;
};

static void nm_lay_tables(const Run& run, int64_t first, int64_t count, Arena& arena, OnDevice& on) {
    for (int64_t k = 0; k < NM_TABLES; k++) {
        const int64_t* rows = run.rows[k] ? run.rows[k] + first : 0;
        int64_t low = 0, high = 0;
        for (int64_t i = 0; rows && i < count; i++) {
            low = i ? (rows[i] < low ? rows[i] : low) : rows[i];
            high = i ? (rows[i] > high ? rows[i] : high) : rows[i];
        }
        const int64_t bytes = nm_row_bytes[k];
        on.tables.push_back(arena.filled((char*)run.tables[k] + low * bytes, (high - low + 1) * bytes));
        std::vector<int64_t> own(rows ? count : 0);
        for (size_t i = 0; i < own.size(); i++) own[i] = rows[i] - low;
        on.rows.push_back(rows ? arena.filled(own.data(), count) : 0);
    }
    on.run.tables = arena.filled(on.tables.data(), NM_TABLES);
    on.run.rows = arena.filled(on.rows.data(), NM_TABLES);
}

static void nm_lay_monitors(const Run& run, const Launch& launch, int64_t first, int64_t count,
                            Arena& arena, OnDevice& on) {
    std::vector<char> here(run.slots, 0);  // whether a slot belongs to an instance of this pass
    for (int64_t i = first; run.recorded && i < first + count; i++)
        if (run.recorded[i] >= 0) here[run.recorded[i]] = 1;
    for (int64_t k = 0; run.recorded && k < NM_SAMPLES; k++)
        on.samples.push_back(arena.filled((char*)run.samples[k], launch.sample_bytes[k]));
    on.run.samples = (double* const*)arena.filled(on.samples.data(), on.samples.size());
    for (int64_t k = 0; run.recorded && k < NM_SPIKE_MONITORS * run.slots; k++) {
        const int64_t monitor = k / run.slots;
        const int64_t room = here[k % run.slots] ? launch.event_room[monitor] : 0;
        on.events.push_back({0, room, arena.room<double>(room * nm_event_columns[monitor])});
    }
    on.run.events = arena.filled(on.events.data(), on.events.size());
}

static void nm_lay_outputs(const Run& run, int64_t count, Arena& arena, OnDevice& on) {
    on.outputs.assign(NM_STATES, 0);
    for (int64_t k = 0; k < run.outputs; k++)
        for (int64_t s = 0; s < NM_STATES; s++)
            if (nm_state_offsets[s] == run.output_offsets[k])
                on.outputs[s] = on.outputs[s] ? on.outputs[s] : arena.room<char>(count * nm_state_bytes[s]);
    on.run.output_data = arena.filled(on.outputs.data(), NM_STATES);
    on.run.failed = run.failed ? arena.room<uint8_t>(count) : 0;
    on.run.ran = run.ran ? arena.room<int64_t>(count) : 0;
    if (arena.base && run.failed) arena.note(cudaMemset(on.run.failed, 0, count));
}

static void nm_lay_out(const Run& run, const Launch& launch, int64_t first, int64_t count,
                       int64_t resident, Arena& arena, OnDevice& on) {
    on.run = run;
    on.run.streams = arena.filled(run.streams + first, count);
    const int64_t held = count * NM_BLOCK_BYTES;
    char* blocks = run.blocks ? run.blocks + first * NM_BLOCK_BYTES : 0;
    on.run.blocks = !blocks ? 0 : run.fresh ? arena.room<char>(held) : arena.filled(blocks, held);
    if (blocks && run.fresh && arena.base) arena.note(cudaMemset(on.run.blocks, 0, held));
    on.images = blocks || !NM_NEEDS_IMAGE ? 0 : arena.room<char>(resident * NM_BLOCK_BYTES);
    nm_lay_tables(run, first, count, arena, on);
    on.run.first_steps = arena.filled(run.first_steps, NM_CLOCKS);
    on.run.last_steps = arena.filled(run.last_steps, NM_CLOCKS);
    on.run.draw_numbers = arena.filled(run.draw_numbers, run.draws);
    on.run.draw_noises = arena.filled(run.draw_noises, run.draws);
    on.run.recorded = run.recorded ? arena.filled(run.recorded + first, count) : 0;
    nm_lay_monitors(run, launch, first, count, arena, on);
    nm_lay_outputs(run, count, arena, on);
    for (int64_t k = 0; k < NM_DATA; k++)
        on.data.push_back(arena.filled((char*)run.data[k], launch.data_bytes[k]));
    on.run.profile = 0;
}

#if defined(__CUDACC__)
static cudaError_t nm_ask_for_shared() {
    return cudaFuncSetAttribute(
        neuromodels_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, NM_SHARED_BYTES);
}
#endif

static int64_t nm_resident(const Launch& launch, int64_t count) {
    int64_t blocks = launch.resident;
#if defined(__CUDACC__)
    int each = 1, device = 0, processors = 1;
    if (blocks == 0) {
        nm_ask_for_shared();  // else a block that needs much could never run
        cudaGetDevice(&device);
        cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, neuromodels_kernel, launch.threads,
                                                      NM_SHARED_BYTES);
        blocks = (int64_t)(each ? each : 1) * processors;
    }
#endif
    return blocks && blocks < count ? blocks : count;
}

#if defined(__CUDACC__)
static const char* nm_start(const OnDevice& on, const Launch& launch, int64_t blocks, int64_t count) {
    cudaGetLastError();  // forget what went wrong before
    cudaError_t error = nm_ask_for_shared();
    if (error == cudaSuccess) {
        neuromodels_kernel<<<(unsigned)blocks, (unsigned)launch.threads, NM_SHARED_BYTES>>>(
            on.run, on.images, count);
        error = cudaGetLastError();
    }
    if (error == cudaSuccess) error = cudaDeviceSynchronize();
    return error == cudaSuccess ? 0 : cudaGetErrorString(error);
}
#else
struct Arguments {
    const OnDevice* on;
    int64_t count;
};
static void nm_body(const void* given) {
    const Arguments& arguments = *(const Arguments*)given;
    neuromodels_kernel(arguments.on->run, arguments.on->images, arguments.count);
}
struct Emulation {
    const Launch* launch;
    const char* wrong;
};
static void nm_emulate_blocks(void* given) {
    Emulation& emulation = *(Emulation*)given;
    const Launch& launch = *emulation.launch;
    for (int64_t block = 0; block < nm_emulated.blocks && !emulation.wrong; block++) {
        memset(nm_emulated.shared, 0xCD, NM_SHARED_BYTES);
        nm_emulated.block = block;
        emulation.wrong = nm_emulate_block(launch.order, launch.seed + 1000003 * block);
    }
}
static const char* nm_start(const OnDevice& on, const Launch& launch, int64_t blocks, int64_t count) {
    const Arguments arguments = {&on, count};
    std::vector<char> memory(NM_SHARED_BYTES + 64);
    nm_emulated.threads.resize(launch.threads);
    nm_emulated.shared = memory.data() + (64 - (uintptr_t)memory.data() % 64);
    nm_emulated.body = nm_body;
    nm_emulated.argument = &arguments;
    nm_emulated.blocks = blocks;
    FlushDenormals _flush;
    Emulation emulation = {&launch, 0};
    const int64_t outcome = nm_attempt(nm_emulate_blocks, &emulation);
    return outcome ? "a signal in the code of the network" : emulation.wrong;
}
#endif

static void nm_fetch_events(const Run& run, int64_t first, int64_t count, const Launch& launch,
                            Arena& arena, OnDevice& on) {
    std::vector<Events> found(on.events.size());
    arena.fetch(found.data(), on.run.events, found.size());
    bool fits = true;
    for (size_t k = 0; k < found.size(); k++) {
        int64_t& most = launch.event_count[k / run.slots];
        most = found[k].count > most ? found[k].count : most;
        fits = fits && found[k].count <= found[k].capacity;
    }
    for (int64_t i = first; fits && run.recorded && i < first + count; i++)
        for (int64_t m = 0; run.recorded[i] >= 0 && m < NM_SPIKE_MONITORS; m++) {
            const int64_t k = m * run.slots + run.recorded[i], each = nm_event_columns[m];
            Events& events = run.events[k];
            events.data = (double*)malloc((found[k].count * each + 1) * sizeof(double));
            if (!events.data) return arena.note(cudaErrorMemoryAllocation);
            events.count = events.capacity = found[k].count;
            arena.fetch(events.data, on.events[k].data, found[k].count * each);
        }
}

static bool nm_has_room(const Launch& launch) {
    for (int64_t m = 0; m < NM_SPIKE_MONITORS; m++)
        if (launch.event_count[m] > launch.event_room[m]) return false;
    return true;
}

static void nm_fetch(const Run& run, int64_t first, int64_t count, const Launch& launch,
                     Arena& arena, OnDevice& on) {
    nm_fetch_events(run, first, count, launch, arena, on);
    if (!nm_has_room(launch)) return;  // nothing is touched: the caller runs it again
    if (run.blocks)
        arena.fetch(run.blocks + first * NM_BLOCK_BYTES, on.run.blocks, count * NM_BLOCK_BYTES);
    for (size_t k = 0; k < on.samples.size(); k++)
        arena.fetch((char*)run.samples[k], on.samples[k], launch.sample_bytes[k]);
    for (int64_t k = 0; k < run.outputs; k++)
        for (int64_t s = 0; s < NM_STATES; s++)
            if (nm_state_offsets[s] == run.output_offsets[k])
                arena.fetch(run.output_data[k] + first * run.output_bytes[k], on.outputs[s],
                            count * run.output_bytes[k]);
    if (run.failed) arena.fetch(run.failed + first, on.run.failed, count);
    if (run.ran) arena.fetch(run.ran + first, on.run.ran, count);
}

extern "C" int64_t neuromodels_bytes(const Run* run, const Launch* launch, int64_t first,
                                     int64_t last) {
    Arena arena;
    OnDevice on;
    nm_lay_out(*run, *launch, first, last - first, nm_resident(*launch, last - first), arena, on);
    return arena.used;
}

// Run instances `first` to `last`; null, or what went wrong.
extern "C" const char* neuromodels_launch(const Run* run, Launch* launch, int64_t first,
                                          int64_t last) {
    const std::lock_guard<std::mutex> lock(nm_one_at_a_time);
    const int64_t count = last - first, resident = nm_resident(*launch, count);
    Arena measured, arena;
    OnDevice sketch, on;
    nm_lay_out(*run, *launch, first, count, resident, measured, sketch);
    launch->bytes = measured.used;
    arena.note(cudaMalloc((void**)&arena.base, measured.used + 256));
    if (arena.error != cudaSuccess) return cudaGetErrorString(arena.error);
    nm_lay_out(*run, *launch, first, count, resident, arena, on);
    nm_set_data(on.data, arena);
    const char* wrong = arena.error == cudaSuccess
        ? nm_start(on, *launch, on.images ? resident : count, count)
        : 0;
    if (!wrong) nm_fetch(*run, first, count, *launch, arena, on);
    cudaFree(arena.base);
    return wrong ? wrong : arena.error == cudaSuccess ? 0 : cudaGetErrorString(arena.error);
}

#if defined(__CUDACC__)
extern "C" const char* neuromodels_memory(int64_t* available) {
    size_t open = 0, total = 0;
    const cudaError_t error = cudaMemGetInfo(&open, &total);
    *available = (int64_t)open;
    return error == cudaSuccess ? 0 : cudaGetErrorString(error);
}
#endif
