// Functions may draw any number of times in one call: their draws are counted from the call's site.
static thread_local Noise _drawing;
static thread_local uint32_t _drawing_site;

static inline void _draw_at(const Noise& noise, uint32_t site) {
    _drawing = noise;
    _drawing_site = site;
}
static inline double _rand(int32_t index) {
    _drawing.k0 += 0x85EBCA6Bu;  // a key of its own for each draw
    return nm_uniform<double>(_drawing, index, _drawing_site);
}
static inline double _randn(int32_t index) {
    _drawing.k0 += 0x85EBCA6Bu;
    return nm_normal<double>(_drawing, index, _drawing_site);
}

