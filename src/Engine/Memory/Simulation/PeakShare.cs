namespace Interactive.Memory;

/// <summary>A part of the bytes that are alive at a schedule's peak.</summary>
/// <param name="Holder">The kind of the ops whose results they are, such as <c>conv2d</c>, or one of the names
/// below.</param>
/// <param name="Bytes">How many.</param>
public sealed record PeakShare(string Holder, long Bytes)
{
    /// <summary>Gradients of values.</summary>
    public const string Gradients = "gradients";
    /// <summary>What ops keep for backward besides values: statistics, indices, masks, generator states.</summary>
    public const string Saved = "statistics";
    /// <summary>What the kernel that runs asks for and gives back.</summary>
    public const string Workspace = "workspace";
}
