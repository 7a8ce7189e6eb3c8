using System.Reflection;

namespace Interactive.Kernel.Scripting;

/// <summary>One compiled script or cell.</summary>
/// <param name="Image">The assembly.</param>
/// <param name="Symbols">Its portable PDB.</param>
/// <param name="Factory">
/// Metadata token of the factory, which takes the session's objects by submission number and returns the value's task.
/// A name would cost the runtime a parse of it and a search.
/// </param>
/// <param name="HasValue">True when it ends with an expression or a <c>return</c>.</param>
internal sealed record Submission(byte[] Image, byte[] Symbols, int Factory, bool HasValue)
{
    /// <summary>A submission without code, of imports or comments alone.</summary>
    public static readonly Submission Empty = new([], [], 0, false);

    /// <summary>Whether no later submission can refer to it, and none of its code runs again.</summary>
    public bool IsPassing { get; init; }

    private (SubmissionContext Context, Func<object?[], Task<object?>> Factory)? known;

    /// <summary>What it has been loaded as; null before.</summary>
    public Assembly? Loaded { get; private set; }

    /// <summary>Loads the assembly, once for a context, and returns the factory.</summary>
    public Func<object?[], Task<object?>> Load(SubmissionContext context)
    {
        if (Image.Length == 0) return _ => Task.FromResult<object?>(null);
        if (known is var (before, made) && before == context) return made;
        Loaded = context.Load(Image, Symbols, IsPassing);
        var factory = ((MethodInfo)Loaded.ManifestModule.ResolveMethod(Factory)!).CreateDelegate<Func<object?[], Task<object?>>>();
        if (!IsPassing) known = (context, factory);
        return factory;
    }
}
