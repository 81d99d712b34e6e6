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
    if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) return nm_quotient((nm_real)a, (nm_real)b);
    else return (typename Real<A>::type)a / (typename Real<B>::type)b;
}

// Powers of integers are exact as far as a double can tell; they do not wrap around.
template <typename T> struct Base { typedef std::conditional_t<std::is_integral_v<T>, double, T> type; };

template <int N, typename T>
static inline auto _power(T base) {
    const typename Base<T>::type x = base;
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
    if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
        const double power = pow((double)a, (double)b);
        return b < 0 ? power : nearbyint(power);
    } else {
        return pow((typename Real<A>::type)a, (typename Real<B>::type)b);
    }
}

template <typename A, typename B>
static inline auto _brian_mod(A a, B b) {
    typedef decltype(typename Real<A>::type() + typename Real<B>::type()) R;
    if constexpr (std::is_integral_v<B>)  // by 1, 2, 4, ...: all quotients are exact
        if (__builtin_constant_p(b) && b > 0 && (b & (b - 1)) == 0)
            return (R)a - floor((R)a * ((R)1 / (R)b)) * (R)b;
    return nm_floored<R>((R)a, (R)b).rest;
}
template <typename A, typename B>
static inline auto _brian_floordiv(A a, B b) {
    typedef decltype(typename Real<A>::type() + typename Real<B>::type()) R;
    return nm_floored<R>((R)a, (R)b).quotient;
}

// One comparison after the other: two blends, and what is not a number stays so.
template <typename T, typename L, typename H>
static inline auto _clip(T x, L low, H high) {
    typedef std::conditional_t<std::is_integral_v<T>, nm_real, T> R;
    const R a = (R)low, b = (R)high, y = ((R)x < a) | (a != a) ? a : (R)x;
    return (y > b) | (b != b) ? b : y;
}
// Between bounds that are numbers: one instruction each, if the compiler does not know them.
template <typename T, typename L, typename H>
static inline auto _clip_between(T x, L low, H high) {
    typedef std::conditional_t<std::is_integral_v<T>, nm_real, T> R;
    const R a = nm_hidden((R)low), b = nm_hidden((R)high), y = (R)x < a ? a : (R)x;
    return y > b ? b : y;
}
template <typename T>
static inline T _brian_abs(T x) {
    if constexpr (std::is_same_v<T, bool>) return x;
    else if constexpr (std::is_integral_v<T>) return x < 0 ? _negative<T>(x) : x;
    else return x < 0 ? -x : x;
}
template <typename T> static inline T _sign(T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : x; }
template <typename T> static inline int32_t int_(T x) { return _to<int32_t>(x); }
static inline int64_t _timestep(double t, double dt) { return (int64_t)((t + 1e-3 * dt) / dt); }
template <typename T>
static inline auto _exprel(T x) {  // (exp(x) - 1)/x, without branches
    typedef typename Real<T>::type R;
    const R y = x, small = R(1) + y * (R(0.5) + y * R(1.0 / 6));
    const R near = sizeof(R) == 4 ? R(1e-3) : R(1e-8);
    const R ratio = (R)expm1(y) / y;
    const R result = (y < near) & (y > -near) ? small : ratio;
    return y == (R)INFINITY ? y : result;
}
