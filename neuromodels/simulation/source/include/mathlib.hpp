// What every generated program shares: the run's description, random numbers, functions.
#undef _FORTIFY_SOURCE  // its longjmp takes a jump from another stack for an attack
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


// Adds a zero that the compiler cannot know: gcc compares with a constant and then blends.
extern "C" { nm_real nm_nothing = 0; }
template <typename R> static inline R nm_hidden(R value) { return value + (R)nm_nothing; }
