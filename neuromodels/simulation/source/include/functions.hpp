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
