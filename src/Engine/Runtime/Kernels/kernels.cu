// Passes over fp32 tensors of a GPU. Each has the bits of libtorch's or cuDNN's own: products and sums are not contracted
// (--fmad=false) but where the original does so.
//
// A thread takes four numbers at a time: "wide" groups of four, then what is left of "n" numbers one by one.

struct Range { unsigned first, step; };
__device__ __forceinline__ Range own() { return { blockIdx.x * blockDim.x + threadIdx.x, gridDim.x * blockDim.x }; }

// As libtorch's: a NaN passes.
__device__ __forceinline__ float rectified(float x) { return x != x ? x : fmaxf(x, 0.f); }

template <class F>
__device__ void each(const float* x, const float* y, float* result, unsigned n, unsigned wide, F f)
{
    const Range r = own();
    for (unsigned i = r.first; i < wide; i += r.step)
    {
        const float4 a = ((const float4*)x)[i], b = ((const float4*)y)[i];
        ((float4*)result)[i] = make_float4(f(a.x, b.x), f(a.y, b.y), f(a.z, b.z), f(a.w, b.w));
    }
    for (unsigned i = 4 * wide + r.first; i < n; i += r.step) result[i] = f(x[i], y[i]);
}

extern "C" __global__ void add(const float* x, const float* y, float* result, unsigned n, unsigned wide)
{
    each(x, y, result, n, wide, [](float a, float b) { return a + b; });
}

extern "C" __global__ void add_rectified(const float* x, const float* y, float* result, unsigned n, unsigned wide)
{
    each(x, y, result, n, wide, [](float a, float b) { return rectified(a + b); });
}

// A gradient where the rectifier's output is positive or not a number, else zero.
extern "C" __global__ void mask(const float* gradient, const float* output, float* result, unsigned n, unsigned wide)
{
    each(gradient, output, result, n, wide, [](float g, float y) { return y <= 0 ? 0.f : g; });
}

// Batch normalisation from a batch's mean and inverse deviation, as cuDNN's kernels write it down: those for large images
// subtract first, those that hold a channel in registers multiply first.
struct Channel { float mean, inverse, weight, bias; };

__device__ __forceinline__ float normalised(int form, float x, Channel c)
{
    const float alpha = c.weight * c.inverse;
    return form == 0 ? __fmaf_rn(c.weight * (x - c.mean), c.inverse, c.bias) : __fmaf_rn(x, alpha, c.bias - c.mean * alpha);
}

extern "C" __global__ void batch_norm(const float* x, float* y, const float* mean, const float* inverse, const float* weight, const float* bias,
    int form, int rectify, unsigned channels, unsigned inner, unsigned n, unsigned wide) // wide: 0 unless a channel's numbers come in fours
{
    const Range r = own();
    for (unsigned i = r.first; i < wide; i += r.step)
    {
        const unsigned at = i / (inner / 4) % channels;
        const Channel c = { mean[at], inverse[at], weight[at], bias[at] };
        float4 v = ((const float4*)x)[i];
        v = make_float4(normalised(form, v.x, c), normalised(form, v.y, c), normalised(form, v.z, c), normalised(form, v.w, c));
        if (rectify) v = make_float4(rectified(v.x), rectified(v.y), rectified(v.z), rectified(v.w));
        ((float4*)y)[i] = v;
    }
    for (unsigned i = 4 * wide + r.first; i < n; i += r.step)
    {
        const unsigned at = i / inner % channels;
        const float v = normalised(form, x[i], { mean[at], inverse[at], weight[at], bias[at] });
        y[i] = rectify ? rectified(v) : v;
    }
}

// Sets differs[form] where a form's bits are not those of y.
extern "C" __global__ void batch_norm_differs(const float* x, const float* y, const float* mean, const float* inverse, const float* weight, const float* bias,
    unsigned channels, unsigned inner, unsigned n, int* differs)
{
    const Range r = own();
    for (unsigned i = r.first; i < n; i += r.step)
    {
        const unsigned at = i / inner % channels;
        const Channel c = { mean[at], inverse[at], weight[at], bias[at] };
        for (int form = 0; form < 2; form++)
            if (__float_as_int(normalised(form, x[i], c)) != __float_as_int(y[i])) differs[form] = 1;
    }
}
