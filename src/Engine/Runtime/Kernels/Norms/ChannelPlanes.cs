using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Where the numbers of each channel lie, of one tensor or of several that stand one behind the other along the
/// channels.
/// </summary>
internal sealed unsafe class ChannelPlanes
{
    private readonly nint[] first; // by channel, its plane of the first sample
    private readonly long[] step;  // by channel, numbers from sample to sample

    /// <summary>Looks at the tensors, which must outlive this.</summary>
    /// <param name="pieces">(batch, channels, …) fp32, of one batch and one size, each sample dense
    /// (<see cref="ElementKernels.TakesRows"/>).</param>
    public ChannelPlanes(params ReadOnlySpan<Tensor> pieces)
    {
        Pieces = new (long, long)[pieces.Length];
        var shapes = new long[pieces.Length][]; // asking libtorch is dear
        for (var p = 0; p < pieces.Length; p++)
        {
            shapes[p] = pieces[p].shape;
            Pieces[p] = (Channels, shapes[p][1]);
            Channels += shapes[p][1];
        }
        (Samples, Inner) = (shapes[0][0], 1);
        foreach (var size in shapes[0].AsSpan(2)) Inner *= size;
        (first, step) = (new nint[Channels], new long[Channels]);
        var c = 0;
        for (var p = 0; p < pieces.Length; p++)
        {
            var data = ElementKernels.Data(pieces[p]);
            var apart = pieces[p].stride(0);
            for (var i = 0L; i < shapes[p][1]; i++, c++) (first[c], step[c]) = ((nint)(data + i * Inner), apart);
        }
    }

    /// <summary>The tensors: the channel with which each begins, and how many it has.</summary>
    public (long First, long Count)[] Pieces { get; }
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
        => channel + count <= Channels
        && first[channel + count - 1] - first[channel] == (nint)((count - 1) * Inner * sizeof(float))
        && step[channel + count - 1] == step[channel];
}
