namespace Interactive.Kernel.Notebooks;

/// <summary>What a cell of a notebook holds.</summary>
public enum CellKind
{
    /// <summary>C#, possibly under a directive such as <c>#!mpirun -n 4</c>.</summary>
    Code,

    /// <summary>Prose in Markdown.</summary>
    Markdown,

    /// <summary>Text that is kept as it stands.</summary>
    Raw,
}
