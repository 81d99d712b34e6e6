// ----------------------------------------------------------------------------------------- times
// Operations that round as numpy's do, one by one: the compiler may neither regroup them, nor fuse
// two into one, nor divide by multiplying.  Conditions on times are made of them.
#if defined(__CUDACC__)
#define NM_APART static
static inline double nm_add(double a, double b) { return __dadd_rn(a, b); }
static inline double nm_subtract(double a, double b) { return __dsub_rn(a, b); }
static inline double nm_multiply(double a, double b) { return __dmul_rn(a, b); }
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define NM_FENCE(x) __builtin_assoc_barrier(x)
#define NM_SAFE "no-associative-math", "no-reciprocal-math", "fp-contract=off"
#define NM_APART static __attribute__((noinline, const, simd("notinbranch"), optimize(NM_SAFE)))
static inline double nm_add(double a, double b) { return NM_FENCE(NM_FENCE(a) + NM_FENCE(b)); }
static inline double nm_subtract(double a, double b) { return NM_FENCE(NM_FENCE(a) - NM_FENCE(b)); }
static inline double nm_multiply(double a, double b) { return NM_FENCE(NM_FENCE(a) * NM_FENCE(b)); }
#else
#define NM_APART static __attribute__((noinline))
NM_APART double nm_add(double a, double b) { return a + b; }
NM_APART double nm_subtract(double a, double b) { return a - b; }
NM_APART double nm_multiply(double a, double b) { return a * b; }
#endif

NM_APART double nm_divide(double a, double b) {
#if defined(__CUDACC__)
    return __ddiv_rn(a, b);
#else
    return a / b;
#endif
}

// What is left of x after whole y, exactly; with the sign of y.
NM_APART double nm_mod(double x, double y) {
    const double q = trunc(nm_divide(x, y));
    double r;
    if (q > -4503599627370496.0 && q < 4503599627370496.0 && y - y == 0) {
        r = fma(-q, y, x);  // exact: the quotient is right, or one too far from 0
        if (r != 0 && (r < 0) != (x < 0)) r += (r < 0) == (y < 0) ? -y : y;
    } else {
        r = fmod(x, y);
    }
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

NM_APART double nm_floordiv(double x, double y) {
    const double q = nm_divide(nm_subtract(x, nm_mod(x, y)), y), whole = floor(q);
    return nm_subtract(q, whole) > 0.5 ? whole + 1 : whole;
}

template <typename A, typename B> struct Whole {
    static constexpr bool both = (A)0.5 == (A)0 && (B)0.5 == (B)0;
};
template <typename A, typename B>
static inline auto _exactly_add(A a, B b) {
    if constexpr (Whole<A, B>::both) return a + b;
    else return nm_add((double)a, (double)b);
}
template <typename A, typename B>
static inline auto _exactly_subtract(A a, B b) {
    if constexpr (Whole<A, B>::both) return a - b;
    else return nm_subtract((double)a, (double)b);
}
template <typename A, typename B>
static inline auto _exactly_multiply(A a, B b) {
    if constexpr (Whole<A, B>::both) return a * b;
    else return nm_multiply((double)a, (double)b);
}
template <typename A, typename B>
static inline double _exactly_divide(A a, B b) {
    return nm_divide((double)a, (double)b);
}
template <typename A, typename B>
static inline auto _exactly_mod(A a, B b) {
    if constexpr (Whole<A, B>::both) return _brian_mod(a, b);
    else return nm_mod((double)a, (double)b);
}
template <typename A, typename B>
static inline auto _exactly_floordiv(A a, B b) {
    if constexpr (Whole<A, B>::both) return _brian_floordiv(a, b);
    else return nm_floordiv((double)a, (double)b);
}
template <typename A>
static inline double _exactly_square(A a) { return nm_multiply((double)a, (double)a); }

// The row of a table of values in time, as a TimedArray finds it.
static inline int64_t _row_at(double t, double grain, double grains, int64_t rows) {
    const double row = trunc(rint(nm_divide(t, grain)) / grains);
    return row > 0 ? (row < (double)rows ? (int64_t)row : rows - 1) : 0;
}
