using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>How classifiers' outputs are laid out.</summary>
internal static class ClassScores
{
    /// <summary>The label that does not count, as libtorch has it.</summary>
    public const long Ignored = -100;

    /// <summary>
    /// Where the classes are: 1 of (batch, classes) and (batch, classes, height, width), 2 of (batch, tokens, classes).
    /// </summary>
    public static int Axis(Tensor output) => output.dim() == 3 ? 2 : 1;
}
