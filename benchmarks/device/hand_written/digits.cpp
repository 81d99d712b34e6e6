// The digits network of studies/digits/epochs/network.py, written by hand: what a specialist would
// do with it. One network lives through all its phases before the next one begins.

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

constexpr int X = 64, H = 100, O = 10, PHASE = 16;

template <typename Real> struct Numbers {
    Real rho, rr, aw, th2, kap, gin, tgt, gt, kfb;
    Real l1[2], l2[2], l3[2], e1[2], e2[2], e3[2], g2[2];
    Real stride, offset, first;
};

template <typename Real> Real clip(Real value, Real low, Real high) {
    return std::min(std::max(value, low), high);
}

template <typename Real, int PRE, int POST> struct Projection {
    Real w1[PRE][POST], w2[PRE][POST], w3[PRE][POST];
};

template <typename Real, int N> struct Layer {
    Real v[N], r[N], er[N], grad[N], hebb[N], contrast[N];
    bool spikes[N];
};

template <typename Real> class Network {
  public:
    Network(const Numbers<Real> &numbers, const Real *begin) : n(numbers), begin(begin) {
        for (Real &each : q) each = 1;
    }

    void load(const Real *w) { copy(const_cast<Real *>(w), true); }
    void store(Real *w) { copy(w, false); }

    void phase(const Real *image, int digit, bool is_free, bool is_taught) {
        const Real free = is_free, teach = is_taught;
        const bool was_asked = asked;
        if (was_asked) count_right();
        asked = !is_free && !is_taught;
        for (int j = 0; j < H; j++) {
            theta[j] = clip<Real>(theta[j] + teach * Real(0.01) * (fired[j] - n.tgt), -0.9, 20);
            fired[j] = 0;
            if (total > 0) q[j] = H * changed[j] / total;
            changed[j] = 0;
        }
        total = 0;
        std::fill(said, said + O, Real(0));
        std::memset(hidden.v, 0, sizeof hidden.v), std::memset(hidden.r, 0, sizeof hidden.r);
        std::memset(output.v, 0, sizeof output.v), std::memset(output.r, 0, sizeof output.r);
        std::copy(begin, begin + X, filled);
        wanted = digit;
        for (int k = 0; k < O; k++) y[k] = k == digit;
        for (int step = 0; step < PHASE; step++) advance(image, free, teach);
        if (is_taught) tally();
    }

    int right = 0;

  private:
    const Numbers<Real> n;
    const Real *begin;
    Projection<Real, X, H> below;
    Projection<Real, H, O> above;
    Real d3[H][O] = {};
    Layer<Real, H> hidden{};
    Layer<Real, O> output{};
    Real filled[X], theta[H] = {}, fired[H] = {}, q[H], changed[H] = {}, total = 0, y[O], said[O] = {};
    Real score[O] = {};
    int wanted = 0;
    bool asked = false;

    void copy(Real *w, bool is_in) {
        auto move = [&](Real *part, int size) {
            is_in ? std::copy(w, w + size, part) : std::copy(part, part + size, w);
            w += size;
        };
        for (Real *part : {&below.w1[0][0], &below.w2[0][0], &below.w3[0][0]}) move(part, X * H);
        for (Real *part : {&above.w1[0][0], &above.w2[0][0], &above.w3[0][0]}) move(part, H * O);
    }

    void count_right() {
        for (int k = 0; k < O; k++)
            if (k != wanted && score[k] >= score[wanted]) return;
        right++;
    }

    template <int N> void factors(Layer<Real, N> &layer, const Real *q, Real free, Real teach) {
        for (int j = 0; j < N; j++) {
            const Real v = layer.v[j];
            layer.grad[j] = free * layer.er[j] * (std::abs(v - 1) < n.aw / 2) / n.aw;
            layer.hebb[j] = std::tanh(v - n.th2);
            layer.contrast[j] = (teach - free) * layer.r[j] * (1 + n.kap * (q[j] - 1));
        }
    }

    void advance(const Real *image, Real free, Real teach) {
        const Real l1 = n.l1[1], l2 = n.l2[1], l3 = n.l3[1];
        for (int i = 0; i < X; i++) filled[i] += n.gin * image[i];
        for (int j = 0; j < H; j++) hidden.v[j] *= n.rho, hidden.r[j] *= n.rr;
        for (int k = 0; k < O; k++) {
            output.v[k] = output.v[k] * n.rho + n.gt * teach * (y[k] - output.r[k]);
            output.r[k] *= n.rr;
            output.er[k] = output.r[k] - y[k];
        }
        if (free > 0)
            for (int j = 0; j < H; j++) {
                Real sum = 0;
                for (int k = 0; k < O; k++)
                    sum += (l1 * above.w1[j][k] + l2 * above.w2[j][k] + l3 * above.w3[j][k]) *
                           output.er[k];
                hidden.er[j] = sum;
            }
        for (int j = 0; j < H; j++) hidden.spikes[j] = hidden.v[j] >= 1 + theta[j];
        for (int k = 0; k < O; k++) output.spikes[k] = output.v[k] >= 1;
        Real ones[O];
        std::fill(ones, ones + O, Real(1));
        factors(hidden, q, free, teach);
        factors(output, ones, free, teach);
        for (int k = 0; k < O; k++) {
            const Real v = output.v[k];
            score[k] = said[k] + (v >= 1) + Real(0.4) * v / (1 + std::abs(v));
        }
        for (int j = 0; j < H; j++)
            if (hidden.spikes[j]) arrive(above.w1[j], above.w2[j], above.w3[j], output, 1, teach, d3[j]);
        for (int i = 0; i < X; i++)
            if (filled[i] >= 1)
                arrive(below.w1[i], below.w2[i], below.w3[i], hidden, 0, teach, (Real *)nullptr);
        if (teach > 0)
            for (int k = 0; k < O; k++)
                if (output.spikes[k])
                    for (int j = 0; j < H; j++)
                        hidden.v[j] += n.kfb * (l1 * above.w1[j][k] + l2 * above.w2[j][k] +
                                                l3 * above.w3[j][k]);
        for (int i = 0; i < X; i++) filled[i] -= filled[i] >= 1;
        for (int j = 0; j < H; j++)
            if (hidden.spikes[j]) hidden.v[j] -= 1, hidden.r[j] += 1 - n.rr, fired[j] += free;
        for (int k = 0; k < O; k++)
            if (output.spikes[k]) output.v[k] -= 1, output.r[k] += 1 - n.rr, said[k] += 1;
    }

    template <int N>
    void arrive(Real *w1, Real *w2, Real *w3, Layer<Real, N> &to, int layer, Real teach, Real *d3) {
        const Real l1 = n.l1[layer], l2 = n.l2[layer], l3 = n.l3[layer];
        const Real e1 = n.e1[layer], e2 = n.e2[layer] * teach, e3 = n.e3[layer], g2 = n.g2[layer];
        for (int j = 0; j < N; j++) {
            const Real before = w3[j];
            to.v[j] += l1 * w1[j] + l2 * w2[j] + l3 * before;
            w1[j] = clip<Real>(w1[j] - e1 * to.grad[j], -2, 2);
            w2[j] += e2 * (g2 * to.hebb[j] - w2[j]);
            w3[j] = clip<Real>(before + e3 * to.contrast[j], -2, 2);
            if (d3) d3[j] += w3[j] - before;
        }
    }

    void tally() {
        for (int j = 0; j < H; j++)
            for (int k = 0; k < O; k++) changed[j] += std::abs(d3[j][k]), d3[j][k] = 0;
        for (int j = 0; j < H; j++) total += changed[j];
    }
};

template <typename Real>
void live(int networks, int phases, int trained, int evaluated, const Real *numbers, const Real *begin,
          const Real *images, const int *digits, Real *weights, int *right) {
    Numbers<Real> read;
    std::memcpy(&read, numbers, sizeof read);
    const int period = 2 * trained + evaluated;
    for (int network = 0; network < networks; network++) {
        auto *each = new Network<Real>(read, begin);
        Real *w = weights + network * 3L * (X * H + H * O);
        each->load(w);
        for (int k = 0; k < phases; k++) {
            const int epoch = k / period, now = k % period;
            const bool is_trained = now < 2 * trained, is_taught = is_trained && now % 2;
            if (now == 2 * trained) each->right = 0;
            const long stride = long(read.stride) * (epoch + 1) % trained;
            const int image = is_trained ? (stride * (now / 2) + long(read.offset)) % trained
                                         : int(read.first) + now - 2 * trained;
            each->phase(images + image * X, digits[image], is_trained && !is_taught, is_taught);
        }
        each->store(w);
        right[network] = each->right;
        delete each;
    }
}

} // namespace

extern "C" void run_float(int networks, int phases, int trained, int evaluated, const float *numbers,
                          const float *begin, const float *images, const int *digits, float *weights,
                          int *right) {
    live<float>(networks, phases, trained, evaluated, numbers, begin, images, digits, weights, right);
}

extern "C" void run_double(int networks, int phases, int trained, int evaluated,
                           const double *numbers, const double *begin, const double *images,
                           const int *digits, double *weights, int *right) {
    live<double>(networks, phases, trained, evaluated, numbers, begin, images, digits, weights, right);
}
