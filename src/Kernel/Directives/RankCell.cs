namespace Interactive.Kernel.Directives;

/// <summary>A cell that ranks run.</summary>
/// <param name="Name">What stack traces call it.</param>
/// <param name="Code">Its code; an empty line stands for the directive, so that line numbers are the
/// notebook's.</param>
internal sealed record RankCell(string Name, string Code);
