using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>A value as the matrix that an op on rows works on, and back.</summary>
internal static class Rows
{
    /// <summary>All dimensions but the last laid in one.</summary>
    // Detached after flattening: a view would hold on to the bytes of what it is a view of.
    public static Tensor Of(Tensor value)
    {
        if (value.dim() <= 2) return value.detach();
        using var rows = value.flatten(0, -2);
        return rows.detach();
    }

    /// <summary>Rows in the dimensions of <paramref name="like"/>, but for the last.</summary>
    public static Tensor AsValue(Tensor rows, Tensor like)
    {
        using var bare = rows.detach();
        return bare.view([.. like.shape[..^1], bare.shape[^1]]);
    }
}
