struct Stopwatch {  // adds the time from its making to its end
    double* total;
    timespec start;
    explicit Stopwatch(double* to) : total(to) { clock_gettime(CLOCK_MONOTONIC, &start); }
    ~Stopwatch() {
        timespec end;
        clock_gettime(CLOCK_MONOTONIC, &end);
        *total += double(end.tv_sec - start.tv_sec) + 1e-9 * double(end.tv_nsec - start.tv_nsec);
    }
};

template <typename T>
static inline bool finite_all(const void* values, int64_t count) {
    T sum = 0;  // 0 times a number is 0, times NaN or infinity it is NaN
    for (int64_t k = 0; k < count; k++) sum += ((const T*)values)[k] * T(0);
    return sum == 0;
}

static inline void append(Events& events, const double* row, int64_t columns) {
    if (events.count == events.capacity) {
        const int64_t capacity = events.capacity ? 2 * events.capacity : 256;
        const int64_t bytes = capacity * columns * (int64_t)sizeof(double);
        double* const more = (double*)realloc(events.data, bytes);
        if (!more) nm_no_memory(bytes);
        events.data = more;
        events.capacity = capacity;
    }
    memcpy(events.data + events.count * columns, row, columns * sizeof(double));
    events.count++;
}

// Numbers below the normal range become 0 while instances run: traces that fade away would
// otherwise slow a step down a hundredfold.
#if defined(__x86_64__)
#include <xmmintrin.h>
struct FlushDenormals {
    unsigned before = _mm_getcsr();
    FlushDenormals() { _mm_setcsr(before | 0x8040u); }
    ~FlushDenormals() { _mm_setcsr(before); }
};
#else
struct FlushDenormals { FlushDenormals() {} };
#endif

extern "C" void neuromodels_release(Events* events, int64_t count) {
    for (int64_t k = 0; k < count; k++) free(events[k].data);
}

// The indices of the bytes that are 1; sixty-four silent neurons cost one comparison.
static inline int32_t list_of(const uint8_t* fired, int32_t count, int32_t* list) {
    int32_t listed = 0, k = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; k + 64 <= count; k += 64) {
        uint64_t eight[8], any = 0;
        memcpy(eight, fired + k, 64);
        for (int word = 0; word < 8; word++) any |= eight[word];
        if (!any) continue;
        for (int word = 0; word < 8; word++)
            for (uint64_t left = eight[word]; left; left &= left - 1)
                list[listed++] = k + 8 * word + (__builtin_ctzll(left) >> 3);
    }
#endif
    for (; k < count; k++)
        if (fired[k]) list[listed++] = k;
    return listed;
}

