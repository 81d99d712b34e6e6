// ------------------------------------------------------------------------------ whole numbers
// As numpy computes with them: sums wrap around, a quotient by 0 is 0, and what no integer can
// hold becomes the smallest one, as on x86.
#include <type_traits>

template <typename T, typename A>
static inline T _to(A x) {
    if constexpr (std::is_same_v<T, bool>) return x != 0;
    else if constexpr (std::is_integral_v<A> || !std::is_integral_v<T>) return (T)x;
    else if constexpr (sizeof(T) < 4) return (T)_to<int32_t>(x);
    else if constexpr (std::is_same_v<T, uint32_t>) return (T)_to<int64_t>(x);
    else if constexpr (std::is_same_v<T, uint64_t>) {
        const A half = (A)9223372036854775808.0;
        return (x >= half) & (x < 2 * half) ? (T)x : (T)_to<int64_t>(x);
    } else {
        const T smallest = (T)((std::make_unsigned_t<T>)1 << (8 * sizeof(T) - 1));
        return (x >= (A)smallest) & (x < -(A)smallest) ? (T)x : smallest;
    }
}

template <typename T, typename A, typename B>
static inline T _plus(A a, B b) {
    typedef std::make_unsigned_t<T> U;
    return (T)(U)((U)a + (U)b);
}
template <typename T, typename A, typename B>
static inline T _minus(A a, B b) {
    typedef std::make_unsigned_t<T> U;
    return (T)(U)((U)a - (U)b);
}
template <typename T, typename A, typename B>
static inline T _times(A a, B b) {
    typedef std::make_unsigned_t<T> U;
    return (T)(U)(1u * (U)a * (U)b);
}
template <typename T, typename A>
static inline T _negative(A a) {
    typedef std::make_unsigned_t<T> U;
    return (T)(U)(0u - (U)a);
}

template <typename T, typename A>
static inline void nm_add(T& to, A value) {
    if constexpr (std::is_integral_v<T>) to = _plus<T>(to, value);
    else to += value;
}

// 1 in place of a divisor of which the processor makes an exception.
template <typename T>
static inline T nm_divisor(T y) {
    if constexpr (std::is_signed_v<T>) return (y == 0) | (y == -1) ? (T)1 : y;
    else return y == 0 ? (T)1 : y;
}
template <typename T, typename A, typename B>
static inline T _whole_mod(A a, B b) {
    const T x = _to<T>(a), y = nm_divisor(_to<T>(b)), r = x % y;
    return r + ((r != 0) & ((r < 0) != (y < 0))) * y;
}
template <typename T, typename A, typename B>
static inline T _whole_floordiv(A a, B b) {
    const T x = _to<T>(a), y = _to<T>(b), d = nm_divisor(y), r = x % d;
    const T q = x / d - ((r != 0) & ((r < 0) != (d < 0)));
    if constexpr (std::is_signed_v<T>) return y == 0 ? 0 : y == -1 ? _negative<T>(x) : q;
    else return y == 0 ? 0 : q;
}
template <typename T, typename A, typename L, typename H>
static inline T _whole_clip(A a, L l, H h) {
    const T x = (T)a, low = (T)l, high = (T)h, y = x < low ? low : x;
    return y > high ? high : y;
}

// ----------------------------------------------------------------------------- exact quotients
// x - n * y, rounded once.
template <typename R>
static inline R nm_rest(R x, R y, R n) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__CUDA_ARCH__)
    return fma(-n, y, x);
#else
    return (R)((double)x - (double)n * (double)y);
#endif
}

// A compiler may multiply by 1/y instead, of which 49/49 is less than 1: put that right.
template <typename R>
static inline R nm_quotient(R x, R y) {
    const R q = x / y;
    return y != 0 ? q + nm_rest(x, y, q) / y : q;
}

template <typename R>
struct Floored {
    R quotient, rest;
};

// Quotient rounded down and rest, of which the signs decide; exact as far as quotients are.
template <typename R>
static inline Floored<R> nm_floored(R x, R y) {
    const R guess = floor(x / y), over = nm_rest(x, y, guess);
    const R less = nm_rest(x, y, guess - 1), more = nm_rest(x, y, guess + 1);
    const bool high = y > 0 ? over < 0 : over > 0, low = y > 0 ? more >= 0 : more <= 0;
    const R n = high ? guess - 1 : low ? guess + 1 : guess;
    const R rest = high ? less : low ? more : over;
    const bool endless = fabs(y) == (R)INFINITY, same = (x == 0) | ((x < 0) == (y < 0));
    // not a number, if x has no end; a compiler may take x + x * 0 for x
    const R zero = fabs(x) < (R)INFINITY ? (R)0 : (R)NAN;
    const R whole = endless ? (same ? zero : zero - 1) : n;
    return {y == 0 ? x / y : whole + zero, endless ? (same ? x : y) + zero : rest};
}
