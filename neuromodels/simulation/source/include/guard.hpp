// A signal in the code of a network, or memory that there is none of, ends a call, not the process.
#include <setjmp.h>
#include <signal.h>

struct Guarded {  // one call of one thread
    sigjmp_buf way_out;
    int64_t asked;           // bytes that there were none of
    volatile int32_t object; // the code object that runs, where that is noted
};
static thread_local Guarded* nm_guarded;

enum { NM_SIGNALS = 4, NM_NO_MEMORY = 255, NM_OTHER_STACK = 1 << 16 };
static const int nm_signals[NM_SIGNALS] = {SIGFPE, SIGSEGV, SIGBUS, SIGILL};
static struct sigaction nm_earlier[NM_SIGNALS];

// Leave the call that the signal is about; any other signal is for whoever was there before.
static void nm_on_signal(int number, siginfo_t* info, void* context) {
    if (nm_guarded && info->si_code > 0) siglongjmp(nm_guarded->way_out, number);
    for (int k = 0; k < NM_SIGNALS; k++) {
        if (nm_signals[k] != number) continue;
        const struct sigaction& earlier = nm_earlier[k];
        if (earlier.sa_flags & SA_SIGINFO) earlier.sa_sigaction(number, info, context);
        else if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN)
            earlier.sa_handler(number);
        else {
            sigaction(number, &earlier, 0);
            if (info->si_code <= 0) raise(number);  // else the instruction is tried again
        }
    }
}

extern "C" void neuromodels_guard(int on) {
    struct sigaction own;
    memset(&own, 0, sizeof own);
    own.sa_sigaction = nm_on_signal;
    own.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int k = 0; k < NM_SIGNALS; k++)
        if (on) sigaction(nm_signals[k], &own, &nm_earlier[k]);
        else sigaction(nm_signals[k], &nm_earlier[k], 0);
}

static void nm_no_memory(int64_t bytes) {
    nm_guarded->asked = bytes;
    siglongjmp(nm_guarded->way_out, NM_NO_MEMORY);
}

// Do some work: 0; the signal that ended it, and 256 times the number of the code object, from 1;
// or the bytes that there were none of, less than 0.
static int64_t nm_attempt(void (*work)(void*), void* argument) {
    Guarded own;
    own.asked = 0;
    own.object = -1;
    stack_t other, before;  // a signal may come because the stack is used up
    memset(&other, 0, sizeof other);
    other.ss_sp = malloc(NM_OTHER_STACK);
    other.ss_size = NM_OTHER_STACK;
    if (!other.ss_sp) return -(int64_t)NM_OTHER_STACK;
    sigaltstack(&other, &before);
    nm_guarded = &own;
    const int code = sigsetjmp(own.way_out, 1);
    if (code == 0) work(argument);
    nm_guarded = 0;
    sigaltstack(&before, 0);
    free(other.ss_sp);
    if (code == NM_NO_MEMORY) return -own.asked;
    return code == 0 ? 0 : ((int64_t)(own.object + 1) << 8) | code;
}

