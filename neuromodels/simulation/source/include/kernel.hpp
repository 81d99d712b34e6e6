// What the threads of a block do together.
#define NM_ALONE if (NM_THREAD == 0)
#define NM_SPAN(index, first, end) \
    for (int32_t index = (first) + NM_THREAD; index < (end); index += NM_THREADS)
#define NM_EACH(index, count) NM_SPAN(index, 0, count)

template <typename T>
NM_DEVICE static inline void nm_copy(T* to, const T* from, int32_t count) {
    NM_EACH(k, count) to[k] = from[k];
}

// How many of the bytes before place k are 1: where neuron k stands in the list of those that fired.
NM_DEVICE static inline int32_t nm_rank(const uint8_t* fired, int32_t k) {
    uint64_t sums = 0;  // eight counters; after 255 words each could be full
    int32_t rank = 0, word = 0;
    while (8 * word + 8 <= k) {
        const int32_t end = k / 8 < word + 255 ? k / 8 : word + 255;
        for (; word < end; word++) sums += ((const uint64_t*)fired)[word];
        for (; sums; sums >>= 8) rank += (int32_t)(sums & 255);
    }
    for (int32_t rest = 8 * word; rest < k; rest++) rank += fired[rest];
    return rank;
}

// A list without room for a row still counts it: the run is then made again with more room.
NM_DEVICE static inline void nm_append(Events& events, const double* row, int64_t columns) {
    if (events.count < events.capacity)
        for (int64_t k = 0; k < columns; k++) events.data[events.count * columns + k] = row[k];
    events.count++;
}

NM_DEVICE static inline void nm_move(int32_t* to, const int32_t* from, size_t bytes) {
    for (size_t k = 0; k < bytes / sizeof(int32_t); k++) to[k] = from[k];  // to lies before from
}

template <typename T>
NM_DEVICE static inline bool nm_finite(const T* values, int32_t count) {
    T sum = 0;  // 0 times a number is 0, times NaN or infinity it is NaN
    NM_EACH(k, count) sum += values[k] * T(0);
    return sum == 0;
}
#define append nm_append
#define memmove nm_move
