using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>Where the numbers of each channel lie, of one tensor or of several that stand one behind the other along the channels.</summary>
internal sealed unsafe class ChannelPlanes
{
    private readonly nint[] first; // by channel, its plane of the first sample
    private readonly long[] step;  // by channel, numbers from sample to sample

    /// <summary>Looks at the tensors, which must outlive this.</summary>
    /// <param name="pieces">(batch, channels, …) fp32, of one batch and one size, each sample dense (<see cref="ElementKernels.TakesRows"/>).</param>
    public ChannelPlanes(params ReadOnlySpan<Tensor> pieces)
    {
        Samples = pieces[0].shape[0];
        foreach (var piece in pieces) Channels += piece.shape[1];
        Inner = pieces[0].numel() / (Samples * pieces[0].shape[1]);
        (first, step) = (new nint[Channels], new long[Channels]);
        var c = 0;
        foreach (var piece in pieces)
        {
            var data = ElementKernels.Data(piece);
            var apart = piece.stride(0);
            for (var i = 0L; i < piece.shape[1]; i++, c++) (first[c], step[c]) = ((nint)(data + i * Inner), apart);
        }
    }

    public long Samples { get; }
    public long Channels { get; }
    /// <summary>Positions of a channel, one behind the other.</summary>
    public long Inner { get; }

    /// <summary>A channel of a sample.</summary>
    public float* At(long sample, long channel) => (float*)first[channel] + sample * step[channel];
    /// <summary>Numbers from sample to sample.</summary>
    public long Step(long channel) => step[channel];
    /// <summary>True when so many channels from this one on stand in one tensor.</summary>
    public bool AreTogether(long channel, long count)
        => channel + count <= Channels && first[channel + count - 1] - first[channel] == (nint)((count - 1) * Inner * sizeof(float)) && step[channel + count - 1] == step[channel];
}
