// Network 2 by hand: the PDLF copy task, 3 inputs -> H ternary LIF -> 1 read-out.
// Each instance runs from its first to its last step with its weights in the core's cache.

#include <cmath>
#include <cstddef>

namespace {

constexpr int H = 128, LENGTH = 8, LATENCY = 8, STEPS = 2 * LENGTH + LATENCY;
constexpr float THRESHOLD = 0.1f;

template <int N>
struct Rule {
    const float *eta, *a, *b, *c, *d;

    // The five coefficients of all instances: (5, instances, N).
    Rule(const float* all, int n, int instances) {
        const size_t block = static_cast<size_t>(instances) * N, mine = static_cast<size_t>(n) * N;
        eta = all + mine;
        a = all + block + mine;
        b = all + 2 * block + mine;
        c = all + 3 * block + mine;
        d = all + 4 * block + mine;
    }

    float change(int i, float pre, float post) const {
        return eta[i] * (a[i] * pre * (post - c[i]) + b[i] * post + d[i]);
    }
};

struct Trial {
    float w1[3][H], w2[H], v[H], s[H], trace[H];
    float loss, correct;
};

template <int N>
inline void normalise(float* w) {
    float sum = 0.0f;
    for (int i = 0; i < N; i++) {
        const float q = 4096.0f * w[i] * w[i], q2 = q * q;
        sum += q2 * q2;
    }
    const float norm = std::pow(sum, 0.125f) / 64.0f;
    const float gain = 1.0f / (norm > 1e-6f ? norm : 1e-6f);
    for (int i = 0; i < N; i++) w[i] *= gain;
}

inline void fire(Trial& t, const float* x, float decay) {
    for (int j = 0; j < H; j++) {
        const float current = x[0] * t.w1[0][j] + x[1] * t.w1[1][j] + x[2] * t.w1[2][j];
        const float v = current + (t.v[j] - current) * decay;
        const float s = v > THRESHOLD ? 1.0f : (v < -THRESHOLD ? -1.0f : 0.0f);
        t.s[j] = s;
        t.v[j] = s == 0.0f ? v : 0.0f;
        t.trace[j] = t.trace[j] * decay + s * (1.0f - decay);
    }
}

inline float read_out(const Trial& t) {
    float sum = 0.0f;
    for (int j = 0; j < H; j++) sum += t.s[j] * t.w2[j];
    return sum;
}

inline void score(Trial& t, float yo, float target) {
    const float error = 1.0f / (1.0f + std::exp(-yo)) - target;
    t.loss += error * error / LENGTH;
    t.correct += ((yo > 0.0f) == (target > 0.5f)) / static_cast<float>(LENGTH);
}

inline void learn(Trial& t, const float* x, float z, const Rule<3 * H>& first, const Rule<H>& second) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < H; j++) t.w1[i][j] += first.change(i * H + j, x[i], t.trace[j]);
    for (int j = 0; j < H; j++) t.w2[j] += second.change(j, t.trace[j], z);
}

void run_trial(Trial& t, const float* bits, const Rule<3 * H>& first, const Rule<H>& second) {
    const float decay = std::exp(-1.0f);
    for (int k = 0; k < STEPS; k++) {
        const bool shown = k < LENGTH, recall = k >= LENGTH + LATENCY;
        const float x[3] = {shown ? bits[k] : 0.0f, shown ? 1.0f : 0.0f, recall ? 1.0f : 0.0f};
        normalise<3 * H>(&t.w1[0][0]);
        normalise<H>(t.w2);
        fire(t, x, decay);
        const float yo = read_out(t);
        if (recall) score(t, yo, bits[k - LENGTH - LATENCY]);
        learn(t, x, std::tanh(yo), first, second);
    }
}

}  // namespace

extern "C" void run(int instances, const float* bits, const float* first, const float* second,
                    float* loss, float* correct) {
    for (int n = 0; n < instances; n++) {
        Trial t = {};
        run_trial(t, bits + n * LENGTH, {first, n, instances}, {second, n, instances});
        loss[n] = t.loss;
        correct[n] = t.correct;
    }
}
