// The words in which kernels are written: of CUDA, or of its emulation on one core.
#undef _FORTIFY_SOURCE  // its longjmp takes a jump from another stack for an attack
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mutex>
#include <vector>

#if defined(__CUDACC__)
#define NM_DEVICE __device__
#define NM_GLOBAL __device__
#define NM_BLOCK_WIDE __shared__
#define NM_KERNEL static __global__ void __launch_bounds__(NM_MOST_THREADS)
#define NM_SHARED_MEMORY extern __shared__ __align__(64) char nm_shared[]
#define NM_THREAD ((int32_t)threadIdx.x)
#define NM_THREADS ((int32_t)blockDim.x)
#define NM_BLOCK ((int64_t)blockIdx.x)
#define NM_BLOCKS ((int64_t)gridDim.x)
#define NM_BARRIER() __syncthreads()
#define NM_SET(name, value) cudaMemcpyToSymbol(name, &(value), sizeof(value))
#else
// Each thread of a block has a stack of its own and runs until it waits at a barrier; then comes the
// next one, in an order that can be chosen.  Memory of a block begins with garbage.
#include <ucontext.h>
#define NM_DEVICE
#define NM_GLOBAL
#define NM_BLOCK_WIDE
#define NM_KERNEL static void
#define NM_SHARED_MEMORY char* const nm_shared = nm_emulated.shared
#define NM_THREAD (nm_emulated.thread)
#define NM_THREADS ((int32_t)nm_emulated.threads.size())
#define NM_BLOCK (nm_emulated.block)
#define NM_BLOCKS (nm_emulated.blocks)
#define NM_BARRIER() nm_wait(__LINE__)
#define NM_SET(name, value) (name = (value), cudaSuccess)

enum { NM_STACK = 1 << 16, NM_ASCENDING = 0, NM_DESCENDING = 1, NM_SHUFFLED = 2 };

struct EmulatedThread {
    ucontext_t context;
    std::vector<char> stack;
    int line;  // of the barrier at which it waits; 0: it has ended
};

struct Emulated {
    std::vector<EmulatedThread> threads;
    ucontext_t scheduler;
    char* shared;
    int64_t block, blocks;
    int32_t thread;
    void (*body)(const void*);
    const void* argument;
};
static Emulated nm_emulated;

static void nm_wait(int line) {
    EmulatedThread& own = nm_emulated.threads[nm_emulated.thread];
    own.line = line;
    swapcontext(&own.context, &nm_emulated.scheduler);
}

static void nm_begin() {
    nm_emulated.body(nm_emulated.argument);
    nm_wait(0);
}

static uint64_t nm_scrambled(uint64_t x) {
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15ull;
    return x ^ (x >> 29);
}

static std::vector<int32_t> nm_order(int64_t count, int64_t kind, uint64_t seed) {
    std::vector<int32_t> order(count);
    for (int64_t k = 0; k < count; k++) order[k] = (int32_t)(kind == NM_DESCENDING ? count - 1 - k : k);
    if (kind == NM_SHUFFLED)
        for (int64_t k = count - 1; k > 0; k--) {
            seed = nm_scrambled(seed + k);
            std::swap(order[k], order[(seed >> 16) % (uint64_t)(k + 1)]);
        }
    return order;
}

// Run one block; the words that are returned say that its threads have parted.
static const char* nm_emulate_block(int64_t order, uint64_t seed) {
    Emulated& all = nm_emulated;
    for (EmulatedThread& each : all.threads) {
        each.line = -1;
        getcontext(&each.context);
        each.stack.resize(NM_STACK);
        each.context.uc_stack.ss_sp = each.stack.data();
        each.context.uc_stack.ss_size = NM_STACK;
        each.context.uc_link = 0;
        makecontext(&each.context, nm_begin, 0);
    }
    for (uint64_t region = 0; all.threads[0].line; region++) {
        for (int32_t thread : nm_order(all.threads.size(), order, seed + region)) {
            all.thread = thread;
            swapcontext(&all.scheduler, &all.threads[thread].context);
        }
        for (const EmulatedThread& each : all.threads)
            if (each.line != all.threads[0].line)
                return "the threads of a block wait at different barriers";
    }
    return 0;
}

// As much of the runtime library of CUDA as is used, on this machine's own memory.
typedef int cudaError_t;
enum { cudaSuccess, cudaErrorMemoryAllocation };
enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
static cudaError_t cudaMalloc(void** place, size_t bytes) {
    *place = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (*place) memset(*place, 0xCD, bytes);
    return *place ? cudaSuccess : cudaErrorMemoryAllocation;
}
static cudaError_t cudaFree(void* place) { free(place); return cudaSuccess; }
static cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, int) {
    memcpy(to, from, bytes);
    return cudaSuccess;
}
static cudaError_t cudaMemset(void* to, int value, size_t bytes) {
    memset(to, value, bytes);
    return cudaSuccess;
}
static const char* cudaGetErrorString(cudaError_t) { return "out of memory"; }
#endif

// For the processor's compiler only, see mathlib.hpp.
template <typename R> NM_DEVICE static inline R nm_hidden(R value) { return value; }
