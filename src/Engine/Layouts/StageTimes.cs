namespace Interactive.Layouts;

/// <summary>Seconds of one micro-batch in one stage.</summary>
/// <param name="F">Forward.</param>
/// <param name="B">The part of backward that the stage before waits for.</param>
/// <param name="W">The rest of backward.</param>
public readonly record struct StageTimes(double F, double B, double W)
{
    /// <summary>Of one pass.</summary>
    public double Of(PassKind pass) => pass switch { PassKind.F => F, PassKind.B => B, PassKind.W => W, _ => B + W };

    /// <summary>All of it.</summary>
    public double Sum => F + B + W;
}
