// Network 1 by hand: 32 Poisson -> 64 recurrent LIF -> 4 LIF, every synapse plastic.
// One instance's state is one struct; its whole run is finished before the next starts.

#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

constexpr int INPUTS = 32, HIDDEN = 64, OUTPUTS = 4;
constexpr float DT = 1.0f, TAU_M = 20.0f, TAU_S = 5.0f, TAU_TR = 20.0f;  // ms
constexpr float W_MAX = 0.6f;

template <int N>
struct Lif {
    float v[N], current[N], trace[N], count[N];
    int spiking[N], spikes;
};

struct Poisson {
    float trace[INPUTS], count[INPUTS];
    uint32_t noise[INPUTS];  // one xorshift32 generator per neuron
    int spiking[INPUTS], spikes;
};

template <int PRE, int POST>
struct Projection {
    float w[PRE * POST];
    float a, b, c;
};

struct Instance {
    Poisson inputs;
    Lif<HIDDEN> hidden;
    Lif<OUTPUTS> output;
    Projection<INPUTS, HIDDEN> input_hidden;
    Projection<HIDDEN, HIDDEN> hidden_hidden;
    Projection<HIDDEN, OUTPUTS> hidden_output;
};

// Exact solution over one step of dv/dt = (I - v)/tau_m, dI/dt = -I/tau_s.
struct Decay {
    float v = std::exp(-DT / TAU_M), current = std::exp(-DT / TAU_S);
    float trace = std::exp(-DT / TAU_TR);
    float drive = TAU_S / (TAU_S - TAU_M) * (current - v);
};

template <int PRE, int POST>
inline void learn(Projection<PRE, POST>& p, const float* __restrict pre, const float* __restrict post) {
    for (int i = 0; i < PRE; i++) {
        const float slope = p.a * pre[i] + p.c, shift = p.b * pre[i];
        float* __restrict w = p.w + i * POST;
        for (int j = 0; j < POST; j++) {
            const float next = w[j] + slope * post[j] + shift;
            const float capped = next < W_MAX ? next : W_MAX;
            w[j] = capped > -W_MAX ? capped : -W_MAX;
        }
    }
}

template <int PRE, int POST>
inline void transmit(const Projection<PRE, POST>& p, const int* spiking, int spikes, float* __restrict current) {
    for (int s = 0; s < spikes; s++) {
        const float* __restrict w = p.w + spiking[s] * POST;
        for (int j = 0; j < POST; j++) current[j] += w[j];
    }
}

inline void fire(Poisson& group, const Decay& decay, uint32_t threshold) {
    for (int i = 0; i < INPUTS; i++) {
        uint32_t x = group.noise[i];
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        group.noise[i] = x;
        group.trace[i] *= decay.trace;
    }
    group.spikes = 0;
    for (int i = 0; i < INPUTS; i++)
        if (group.noise[i] < threshold) group.spiking[group.spikes++] = i;
}

template <int N>
inline void fire(Lif<N>& group, const Decay& decay) {
    for (int i = 0; i < N; i++) {
        group.v[i] = group.v[i] * decay.v + group.current[i] * decay.drive;
        group.current[i] *= decay.current;
        group.trace[i] *= decay.trace;
    }
    group.spikes = 0;
    for (int i = 0; i < N; i++)
        if (group.v[i] > 1.0f) group.spiking[group.spikes++] = i;
}

template <typename Group>
inline void mark(Group& group) {
    for (int s = 0; s < group.spikes; s++) {
        group.trace[group.spiking[s]] += 1.0f;
        group.count[group.spiking[s]] += 1.0f;
    }
}

template <int N>
inline void reset(Lif<N>& group) {
    for (int s = 0; s < group.spikes; s++) group.v[group.spiking[s]] = 0.0f;
    mark(group);
}

// Slots as in Brian2: start (rules), groups, thresholds, synapses, resets.
void step(Instance& it, const Decay& decay, uint32_t threshold) {
    learn(it.input_hidden, it.inputs.trace, it.hidden.trace);
    learn(it.hidden_hidden, it.hidden.trace, it.hidden.trace);
    learn(it.hidden_output, it.hidden.trace, it.output.trace);
    fire(it.inputs, decay, threshold);
    fire(it.hidden, decay);
    fire(it.output, decay);
    transmit(it.input_hidden, it.inputs.spiking, it.inputs.spikes, it.hidden.current);
    transmit(it.hidden_hidden, it.hidden.spiking, it.hidden.spikes, it.hidden.current);
    transmit(it.hidden_output, it.hidden.spiking, it.hidden.spikes, it.output.current);
    mark(it.inputs);
    reset(it.hidden);
    reset(it.output);
}

void seed(Poisson& group, uint64_t stream) {
    for (int i = 0; i < INPUTS; i++) {
        uint64_t x = (stream * INPUTS + i + 1) * 0x9E3779B97F4A7C15ull;  // splitmix64
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
        group.noise[i] = static_cast<uint32_t>(x >> 32) | 1u;
    }
}

template <int PRE, int POST>
void load(Projection<PRE, POST>& p, const float* w, const float* abc, int n, int instances) {
    std::memcpy(p.w, w + static_cast<size_t>(n) * PRE * POST, sizeof p.w);
    p.a = abc[n];
    p.b = abc[n + instances];
    p.c = abc[n + 2 * instances];
}

template <int PRE, int POST>
void store(const Projection<PRE, POST>& p, float* w, int n) {
    std::memcpy(w + static_cast<size_t>(n) * PRE * POST, p.w, sizeof p.w);
}

}  // namespace

// rate: spikes per ms; w*: (instances, pre, post), overwritten; abc*: (3, instances); counts: (instances, neurons).
extern "C" void run(int instances, int steps, uint64_t first_stream, float rate,
                    float* w1, float* w2, float* w3,
                    const float* abc1, const float* abc2, const float* abc3,
                    float* inputs, float* hidden, float* output) {
    const Decay decay;
    const uint32_t threshold = static_cast<uint32_t>(std::fmin(rate * DT * 4294967296.0, 4294967295.0));
    static Instance it;
    for (int n = 0; n < instances; n++) {
        std::memset(&it, 0, sizeof it);
        seed(it.inputs, first_stream + n);
        load(it.input_hidden, w1, abc1, n, instances);
        load(it.hidden_hidden, w2, abc2, n, instances);
        load(it.hidden_output, w3, abc3, n, instances);
        for (int k = 0; k < steps; k++) step(it, decay, threshold);
        store(it.input_hidden, w1, n);
        store(it.hidden_hidden, w2, n);
        store(it.hidden_output, w3, n);
        std::memcpy(inputs + n * INPUTS, it.inputs.count, sizeof it.inputs.count);
        std::memcpy(hidden + n * HIDDEN, it.hidden.count, sizeof it.hidden.count);
        std::memcpy(output + n * OUTPUTS, it.output.count, sizeof it.output.count);
    }
}
