// Eight words in the lower halves of 64 bits; what stands in the upper halves is of no account.
typedef uint64_t Eight __attribute__((vector_size(64)));
struct EightWords {
    Eight a, b, c, d;
};

static inline __attribute__((always_inline)) Eight product(const Eight& x, const Eight& y) {
#if defined(__AVX512F__) && !defined(__clang__)
    typedef int Ints __attribute__((vector_size(64)));
    typedef long long Longs __attribute__((vector_size(64)));
    return (Eight)__builtin_ia32_pmuludq512_mask((Ints)x, (Ints)y, Longs{}, (unsigned char)-1);
#elif defined(__AVX2__) && !defined(__clang__)
    typedef int Ints __attribute__((vector_size(32)));
    typedef long long Longs __attribute__((vector_size(32)));
    union { Eight all; Ints half[2]; } u = {x}, v = {y}, w;
    for (int k = 0; k < 2; k++) w.half[k] = (Ints)__builtin_ia32_pmuludq256(u.half[k], v.half[k]);
    return w.all;
#else
    return (x & 0xFFFFFFFFu) * (y & 0xFFFFFFFFu);
#endif
}

static inline __attribute__((always_inline)) void philox(EightWords& x, uint32_t k0, uint32_t k1) {
    const Eight zero = {}, m0 = zero + 0xD2511F53u, m1 = zero + 0xCD9E8D57u;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const Eight p = product(x.a, m0), q = product(x.c, m1);
        x = {(q >> 32) ^ x.b ^ (uint64_t)k0, q, (p >> 32) ^ x.d ^ (uint64_t)k1, p};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

// The same numbers as unit(): bits go straight into the mantissa of a number in [1, 2), from which
// 1 less half of the last bit is taken.
static inline __attribute__((always_inline)) void put(const EightWords& w, double* out) {
    typedef double Doubles __attribute__((vector_size(64)));
    const Eight low = Eight{} + 0xFFFFFFFFu, one = Eight{} + 0x3FF0000000000000u;
    const Eight ab = (w.a << 32 | (w.b & low)) >> 12, cd = (w.c << 32 | (w.d & low)) >> 12;
    *(Doubles*)out = (Doubles)(ab | one) - (1.0 - 1.1102230246251565e-16);
    *(Doubles*)(out + 8) = (Doubles)(cd | one) - (1.0 - 1.1102230246251565e-16);
}
static inline __attribute__((always_inline)) void put(const EightWords& w, float* out) {
    typedef float Floats __attribute__((vector_size(64)));
    typedef uint32_t Sixteen __attribute__((vector_size(64)));
    const Eight low = Eight{} + 0xFFFFFFFFu;
    const Sixteen ab = (Sixteen)((w.a & low) | w.b << 32) >> 9;
    const Sixteen cd = (Sixteen)((w.c & low) | w.d << 32) >> 9;
    *(Floats*)out = (Floats)(ab | 0x3F800000u) - (1.0f - 5.9604644775390625e-08f);
    *(Floats*)(out + 16) = (Floats)(cd | 0x3F800000u) - (1.0f - 5.9604644775390625e-08f);
}

// The numbers of the `count` indices from `first` on, a multiple of CHUNK; `out` has CHUNK places.
enum { CHUNK = 512 };
template <typename T>
static inline void nm_uniforms(const Noise& noise, uint32_t site, uint32_t first, uint32_t count,
                            T* out) {
    const Eight zero = {}, iota = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32_t each = sizeof(T) == 4 ? 32 : 16;
    for (uint32_t k = 0; k < count; k += each) {
        EightWords x = {iota + (uint64_t)((first + k) / each * 8), zero + (uint64_t)noise.step,
                        zero + (uint64_t)noise.object, zero + (uint64_t)(site | noise.high)};
        philox(x, noise.k0, noise.k1);
        put(x, out + k);
    }
}
template <typename T>
static inline void nm_normals(const Noise& noise, uint32_t site, uint32_t first, uint32_t count,
                            T* out) {
    nm_uniforms(noise, site, first, count, out);
    const uint32_t each = sizeof(T) == 4 ? 32 : 16;
    for (uint32_t k = 0; k < count; k += each) {
#pragma GCC ivdep
        for (uint32_t j = 0; j < each / 2; j++) {
            const uint32_t here = k + (sizeof(T) == 4 ? 2 * j : j);
            const uint32_t there = here + (sizeof(T) == 4 ? 1 : 8);
            const T radius = sqrt(T(-2) * log(out[here]));
            const T angle = T(6.283185307179586) * out[there];
            out[here] = radius * cos(angle);
            out[there] = radius * sin(angle);
        }
    }
}

