using System.Runtime.CompilerServices;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// A script as <c>interactive run</c> and <c>dotnet script</c> take it: a file or a piece of code, run once from top to
/// bottom.
/// </summary>
/// <param name="Code">Its text.</param>
/// <param name="Path">What stack traces call it: a full path for a file.</param>
/// <param name="Folder">Where relative paths in its directives begin.</param>
internal sealed record ScriptFile(string Code, string Path, string Folder)
{
    /// <exception cref="UsageException">There is no such file.</exception>
    public static ScriptFile Open(string path)
    {
        var full = path.Length == 0 ? "" : System.IO.Path.GetFullPath(path);
        if (!File.Exists(full)) throw Missing(path, full);
        return new(File.ReadAllText(full), full, System.IO.Path.GetDirectoryName(full)!);
    }

    // Of its own for the reason of CommandLine.IsUsage.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Exception Missing(string path, string full)
        => new UsageException(path.Length == 0 ? "no script: its name is empty"
        : Directory.Exists(full) ? $"{path} is a folder: give a script file (.csx)" : $"no script {path}");

    /// <summary>
    /// Compiles the script, or finds it compiled. What the compiler warns of goes to stderr when it compiles.
    /// </summary>
    /// <param name="cache">False compiles always and keeps nothing.</param>
    /// <exception cref="ScriptCompileException">It has errors.</exception>
    public CompiledScript Compile(bool release = true, bool cache = true)
    {
        var kept = cache ? new ScriptCache(Code, Path, release) : null;
        if (kept?.Read() is { } known) return known;
        var script = CompileAnew(release);
        kept?.Write(script);
        return script;
    }

    private CompiledScript CompileAnew(bool release)
    {
        var directives = ScriptDirectives.Read(Code, Path, Folder, release);
        var assets = PackageResolver.Resolve(directives.Packages, directives.Sources, Folder);
        var references =
            HostReferences.All.Concat(directives.Assemblies.Concat(assets.Compile).Select(HostReferences.Reference));
        var (compilation, submission,
            warnings) = new ScriptCompiler(typeof(ScriptGlobals), Folder, release).Compile(Code, Path, 1, null,
            references, assets.Scripts);
        foreach (var warning in warnings) Console.Error.WriteLine(warning);
        // Files that a package brings are loaded as well.
        var loaded = compilation.SyntaxTrees.Take(compilation.SyntaxTrees.Length - 1).Select(tree => tree.FilePath)
            .Where(File.Exists);
        return new(submission, [.. directives.LoadedFiles.Union(loaded)], [.. directives.Assemblies, .. assets.Runtime],
            assets.Native)
        { IsFloating = directives.Packages.Any(p => p.IsFloating && !p.IsOfHost) };
    }
}
