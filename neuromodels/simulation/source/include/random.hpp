// --------------------------------------------------------------------------------- random numbers
// Philox 4x32-10 (Salmon et al. 2011): a number depends on its key and counter only, so neither the
// batch size nor the number of threads nor the order of instances can change it.
struct Words {
    uint32_t a, b, c, d;
};

static inline __attribute__((always_inline)) Words philox(Words x, uint32_t k0, uint32_t k1) {
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const uint64_t p = (uint64_t)0xD2511F53u * x.a, q = (uint64_t)0xCD9E8D57u * x.c;
        const Words y = {(uint32_t)(q >> 32) ^ x.b ^ k0, (uint32_t)q,
                         (uint32_t)(p >> 32) ^ x.d ^ k1, (uint32_t)p};
        x = y;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return x;
}

static inline uint64_t mixed(uint64_t x) {  // splitmix64
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

struct Noise {  // the stream of one object in one step
    uint32_t k0, k1, object, step, high;
    Words at(uint32_t index, uint32_t site) const {
        return philox({index, step, object, site | high}, k0, k1);
    }
};

static inline Noise noise_of(uint64_t key, uint32_t object, int64_t step) {
    return {(uint32_t)key, (uint32_t)(key >> 32), object, (uint32_t)step,
            ((uint32_t)(step >> 32) & 0xFFFFFFu) << 8};
}

// In (0, 1) and never an end point, so that log() of it is finite.
static inline float unit(uint32_t high, uint32_t, float) {
    return ((float)(high >> 9) + 0.5f) * 1.1920928955078125e-07f;
}
static inline double unit(uint32_t high, uint32_t low, double) {
    return ((double)(((uint64_t)high << 20) | (low >> 12)) + 0.5) * 2.220446049250313e-16;
}

// Neighbours share counters: four words make two doubles or four floats, and eight counters are
// worked on at once.  Index 16k + j of doubles belongs to counter 8k + j % 8 and there to words
// 2 * (j / 8) and the next; index 32k + j of floats to counter 8k + j % 16 / 2 and word
// 2 * (j / 16) + j % 2.  Two indices whose words are all of a counter's half make a pair of normal
// numbers: j and j + 8 (doubles), 2j and 2j + 1 (floats).
template <typename T>
static inline T nm_uniform(const Noise& noise, uint32_t index, uint32_t site) {
    if constexpr (sizeof(T) == 4) {
        const Words w = noise.at(index / 32 * 8 + index % 16 / 2, site);
        const uint32_t even = index & 16 ? w.c : w.a, odd = index & 16 ? w.d : w.b;
        return unit(index & 1 ? odd : even, 0u, T(0));
    } else {
        const Words w = noise.at(index / 16 * 8 + index % 8, site);
        return index & 8 ? unit(w.c, w.d, T(0)) : unit(w.a, w.b, T(0));
    }
}

template <typename T>
static inline T nm_normal(const Noise& noise, uint32_t index, uint32_t site) {  // Box and Muller 1958
    const uint32_t partner = sizeof(T) == 4 ? 1 : 8;
    const T radius = sqrt(T(-2) * log(nm_uniform<T>(noise, index & ~partner, site)));
    const T angle = T(6.283185307179586) * nm_uniform<T>(noise, index | partner, site);
    return radius * (index & partner ? sin(angle) : cos(angle));
}

