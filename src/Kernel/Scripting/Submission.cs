using System.Reflection;

namespace Interactive.Kernel.Scripting;

/// <summary>One compiled script or cell.</summary>
/// <param name="Image">The assembly.</param>
/// <param name="Symbols">Its portable PDB.</param>
/// <param name="TypeName">The type that holds the factory.</param>
/// <param name="MethodName">The factory: takes the session's objects by submission number, returns the value's task.</param>
/// <param name="HasValue">True when it ends with an expression or a <c>return</c>.</param>
internal sealed record Submission(byte[] Image, byte[] Symbols, string TypeName, string MethodName, bool HasValue)
{
    /// <summary>A submission without code, of imports or comments alone.</summary>
    public static readonly Submission Empty = new([], [], "", "", false);

    /// <summary>Loads the assembly and returns the factory.</summary>
    public Func<object?[], Task<object?>> Load(SubmissionContext context)
    {
        if (Image.Length == 0) return _ => Task.FromResult<object?>(null);
        var assembly = context.Load(Image, Symbols);
        return assembly.GetType(TypeName, throwOnError: true)!.GetMethod(MethodName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
            .CreateDelegate<Func<object?[], Task<object?>>>();
    }
}
