namespace Interactive.Data;

/// <summary>
/// A place of such a data set holds another sample each epoch (<c>Weighted</c>, <c>Balanced</c>, <c>Mix</c>, and what is made of
/// them).
/// </summary>
internal interface IDrawn
{
    /// <summary>Whether it is so.</summary>
    bool IsDrawn { get; }
}

/// <summary>Places whose samples change cannot be chosen: a part for testing would be trained on.</summary>
internal static class Drawn
{
    public static bool Is(object source) => source is IDrawn { IsDrawn: true };

    /// <exception cref="UsageException">The places' samples change.</exception>
    public static void Refuse(object source)
    {
        if (Is(source)) throw new UsageException("Weighted, Balanced and Mix draw other samples each epoch, so none has a place of its own: put Split, SplitByClass, Where, Take, Skip and Subset in front of them; count says how many are drawn");
    }
}
