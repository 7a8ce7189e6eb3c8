using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// The logarithm of a sound's power in bands of the mel scale (Stevens et al. 1937; O'Shaughnessy's formula), over
/// time: Hann's window, the sound mirrored at its ends, triangles between the bands, as torchaudio's MelSpectrogram.
/// </summary>
internal sealed class MelSpectrogram : IDisposable
{
    private const double Smallest = 1e-6; // added before the logarithm
    private readonly Tensor window, bands;
    private readonly int length, hop;

    public MelSpectrogram(int rate, int count, int length, int hop)
    {
        (this.length, this.hop) = (length, hop);
        using var scope = NewDisposeScope();
        window = hann_window(length).DetachFromDisposeScope();
        bands = tensor(Bands(rate, count, length / 2 + 1), count, length / 2 + 1).clone().DetachFromDisposeScope();
    }

    /// <summary>The weight of each frequency in each band.</summary>
    public static float[] Bands(int rate, int count, int frequencies)
    {
        static double Mel(double hertz) => 2595 * Math.Log10(1 + hertz / 700);
        var nyquist = rate / 2;
        double[] edges = [.. Enumerable.Range(0, count + 2)
            .Select(i => 700 * (Math.Pow(10, Mel(nyquist) * i / (count + 1) / 2595) - 1))];
        var weights = new float[count * frequencies];
        for (var band = 0; band < count; band++)
            for (var f = 0; f < frequencies; f++)
            {
                var hertz = (double)nyquist * f / (frequencies - 1);
                var (up, down) = ((hertz - edges[band]) / (edges[band + 1] - edges[band]),
                    (edges[band + 2] - hertz) / (edges[band + 2] - edges[band + 1]));
                weights[band * frequencies + f] = (float)Math.Max(0, Math.Min(up, down));
            }
        return weights;
    }

    /// <summary>Numbers of (bands, frames), the frames being samples / hop + 1.</summary>
    public float[] Of(float[] samples)
    {
        if (samples.Length <= length / 2) throw new InvalidDataException($"it has {samples.Length} samples, a window of {length} needs more than {length / 2}");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var two = Scalars.Of(2);
        using var smallest = Scalars.Of(Smallest);
        var spectrum = stft(tensor(samples), length, hop, length, window, center: true,
            pad_mode: PaddingModes.Reflect, return_complex: true);
        return [.. bands.matmul(spectrum.abs().pow(two)).add(smallest).log().contiguous().data<float>()];
    }

    public void Dispose()
    {
        window.Dispose();
        bands.Dispose();
    }
}
