// What every generated program shares: the run's description, random numbers, functions.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The vector forms of these functions in glibc's libmvec (4 ulp), which gcc uses only if told.
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTOR_FORM(name)                                                   \
    __attribute__((__simd__("notinbranch"))) float name##f(float) noexcept; \
    __attribute__((__simd__("notinbranch"))) double name(double) noexcept;
#define VECTOR_FORM_OF_TWO(name)                                                   \
    __attribute__((__simd__("notinbranch"))) float name##f(float, float) noexcept; \
    __attribute__((__simd__("notinbranch"))) double name(double, double) noexcept;
extern "C" {
VECTOR_FORM_OF_TWO(pow)
VECTOR_FORM(exp) VECTOR_FORM(log) VECTOR_FORM(sin) VECTOR_FORM(cos)
#if __GLIBC_PREREQ(2, 35)
VECTOR_FORM(tanh) VECTOR_FORM(expm1) VECTOR_FORM(log1p)
#endif
}
#endif

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
    uint64_t initialisers;        // bit k: evaluate initial expression k before the first step
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
    const double* const* data;    // values of timed arrays
    uint8_t* failed;              // per instance: whether a number of its state is not finite
    int64_t until;                // place in the block of a number that ends the instance unless 0
    int64_t* ran;                 // per instance: steps of the first clock until its end
    double* profile;              // per object: seconds spent, where that is measured
};

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
        events.capacity = events.capacity ? 2 * events.capacity : 256;
        events.data = (double*)realloc(events.data, events.capacity * columns * sizeof(double));
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

// Functions may draw any number of times in one call: their draws are counted from the call's site.
static thread_local Noise _drawing;
static thread_local uint32_t _drawing_site;

static inline void _draw_at(const Noise& noise, uint32_t site) {
    _drawing = noise;
    _drawing_site = site;
}
static inline double _rand(int32_t index) {
    _drawing.k0 += 0x85EBCA6Bu;  // a key of its own for each draw
    return nm_uniform<double>(_drawing, index, _drawing_site);
}
static inline double _randn(int32_t index) {
    _drawing.k0 += 0x85EBCA6Bu;
    return nm_normal<double>(_drawing, index, _drawing_site);
}

// -------------------------------------------------------------------------------------- functions
template <typename T> struct Real { typedef T type; };
template <> struct Real<char> { typedef nm_real type; };
template <> struct Real<bool> { typedef nm_real type; };
template <> struct Real<int8_t> { typedef nm_real type; };
template <> struct Real<int16_t> { typedef nm_real type; };
template <> struct Real<int32_t> { typedef nm_real type; };
template <> struct Real<int64_t> { typedef nm_real type; };
template <> struct Real<uint8_t> { typedef nm_real type; };
template <> struct Real<uint16_t> { typedef nm_real type; };
template <> struct Real<uint32_t> { typedef nm_real type; };
template <> struct Real<uint64_t> { typedef nm_real type; };

template <typename A, typename B>
static inline auto _divide(A a, B b) {
    return (typename Real<A>::type)a / (typename Real<B>::type)b;
}

template <int N, typename T>
static inline auto _power(T base) {
    const typename Real<T>::type x = base;
    if constexpr (N == 1) return x;
    else if constexpr (N % 2 == 0) { const auto half = _power<N / 2>(x); return half * half; }
    else return x * _power<N - 1>(x);
}
template <int N, typename T>
static inline auto _root(T x) {  // the 2^N-th root
    const typename Real<T>::type y = sqrt((typename Real<T>::type)x);
    if constexpr (N == 1) return y;
    else return _root<N - 1>(y);
}
template <typename A, typename B>
static inline auto _brian_pow(A a, B b) {
    return pow((typename Real<A>::type)a, (typename Real<B>::type)b);
}

template <typename A, typename B>
static inline auto _brian_mod(A x, B y) {
    if constexpr ((A)0.5 == (A)0 && (B)0.5 == (B)0) {
        const auto r = x % y;
        return r + ((r != 0) & ((r < 0) != (y < 0))) * y;
    } else {
        return x - y * floor((typename Real<A>::type)x / (typename Real<B>::type)y);
    }
}
template <typename A, typename B>
static inline auto _brian_floordiv(A x, B y) {
    if constexpr ((A)0.5 == (A)0 && (B)0.5 == (B)0) {
        const auto q = x / y, r = x % y;
        return q - ((r != 0) & ((r < 0) != (y < 0)));
    } else {
        return floor((typename Real<A>::type)x / (typename Real<B>::type)y);
    }
}

template <typename T, typename L, typename H>
static inline T _clip(T x, L low, H high) {
    const T y = x < (T)low ? (T)low : x;  // one after the other: two blends, and NaN stays NaN
    return y > (T)high ? (T)high : y;
}
template <typename T> static inline T _brian_abs(T x) { return x < 0 ? -x : x; }
template <typename T> static inline T _sign(T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : T(0); }
template <typename T> static inline int32_t int_(T x) { return (int32_t)x; }
static inline int64_t _timestep(double t, double dt) { return (int64_t)((t + 1e-3 * dt) / dt); }
template <typename T>
static inline auto _exprel(T x) {  // (exp(x) - 1)/x, without branches
    typedef typename Real<T>::type R;
    const R y = x, small = R(1) + y * (R(0.5) + y * R(1.0 / 6));
    const R near = sizeof(R) == 4 ? R(1e-3) : R(1e-8);
    const R ratio = (R)expm1(y) / y;
    return (y < near) & (y > -near) ? small : ratio;
}
