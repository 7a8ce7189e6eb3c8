using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Fourier transforms, whose numbers are pairs in ONNX, and their windows.</summary>
internal static class Spectra
{
    private const double Hamming = 25.0 / 46; // ONNX's; libtorch has 0.54

    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["DFT"] = OnnxOperator.Of(Fourier),
        ["STFT"] = OnnxOperator.Of(ShortTime),
        ["HannWindow"] = OnnxOperator.Of(c => Window(c, (n, periodic) => hann_window(n, periodic))),
        ["HammingWindow"] = OnnxOperator
            .Of(c => Window(c, (n, periodic) => hamming_window(n, periodic, (float)Hamming, (float)(1 - Hamming)))),
        ["BlackmanWindow"] = OnnxOperator.Of(c => Window(c, (n, periodic) => blackman_window(n, periodic))),
    };

    private static Tensor Window(OnnxCall c, Func<long, bool, Tensor> make)
        => make(Arrangements.Bounded(c.Longs(0))[0], c.Long("periodic", 1) == 1)
        .to_type(OnnxTypes.ToTorch((int)c.Long("output_datatype", 1)));

    private static Tensor Numbers(Tensor x) => x.shape[^1] switch
    {
        1 => x.squeeze(-1),
        2 => x.view_as_complex(),
        var other => throw new InvalidDataException($"its numbers have {other} parts: 1 (real) and 2 (complex) are read"),
    };

    private static Tensor Fourier(OnnxCall c)
    {
        var x = c[0];
        var given = c.Opset < 20 ? c.Long("axis", 1) : c.Has(2) ? c.Longs(2)[0] : -2;
        var axis = OnnxCall.Axis(given, x.dim());
        if (axis == x.dim() - 1) throw new InvalidDataException("it runs over the parts of its numbers");
        var (numbers, length) = (Numbers(x), c.Has(1) ? Arrangements.Bounded(c.Longs(1))[0] : x.shape[axis]);
        var half = c.Long("onesided", 0) == 1;
        var result = (c.Long("inverse", 0) == 1, half) switch
        {
            (true, false) => fft.ifft(numbers, length, axis),
            (false, true) when !numbers.is_complex() => fft.rfft(numbers, length, axis),
            (false, false) => fft.fft_(numbers, length, axis),
            _ => throw new InvalidDataException("it gives one side of complex numbers, or of an inverse"),
        };
        return result.view_as_real();
    }

    private static Tensor ShortTime(OnnxCall c)
    {
        var (numbers, step, window) = (Numbers(c[0]), c.Longs(1)[0], c.Maybe(2));
        var length = c.Has(3) ? c.Longs(3)[0] : window?.numel() ?? throw new InvalidDataException("it lacks a window and a length");
        if (numbers.dim() != 2 || step < 1 || length < 1 || length > numbers.shape[1] || window is not null && window.numel() != length)
            throw new InvalidDataException($"its windows of {length} each {step} do not fit {string.Join('x', c[0].shape)}");
        Arrangements.Bounded([numbers.shape[0], (numbers.shape[1] - length) / step + 1, length]);
        var parts = numbers.unfold(1, length, step);
        if (window is not null) parts = parts * window;
        var half = c.Long("onesided", 1) == 1;
        if (half && numbers.is_complex()) throw new InvalidDataException("it gives one side of complex numbers");
        return (half ? fft.rfft(parts) : fft.fft_(parts)).view_as_real();
    }
}
