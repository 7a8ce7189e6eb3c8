using System.Collections.Immutable;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// What a session's cells refer to: assemblies, packages and where those come from. Never changes: a cell makes the
/// next one.
/// </summary>
/// <param name="Folder">Where the session's directives begin.</param>
/// <param name="Compiled">Assemblies that cells have been compiled against.</param>
/// <param name="Assemblies">Assemblies to load.</param>
/// <param name="Native">Native libraries to load.</param>
/// <param name="Loadable">Files of packages that <c>#load "nuget: Id"</c> reads, by package.</param>
internal sealed record SessionReferences(
    string Folder, ImmutableArray<PackageId> Packages, ImmutableArray<string> Sources,
        ImmutableHashSet<string> Compiled, ImmutableArray<string> Assemblies, ImmutableArray<string> Native,
    ImmutableDictionary<string, string> Loadable)
{
    public static SessionReferences None(string folder)
        => new(folder, [], [], [], [], [], ImmutableDictionary<string, string>.Empty);

    /// <summary>What there is with a cell's directives.</summary>
    /// <returns>The next state, and the assemblies that the cell is the first to be compiled against.</returns>
    /// <exception cref="ScriptCompileException">A package cannot be had.</exception>
    public (SessionReferences Next, IReadOnlyList<string> Added) With(ScriptDirectives directives,
        CancellationToken cancellation)
    {
        var next =
            this with
            {
                Sources = [.. Sources.Union(directives.Sources)],
                Assemblies =
            [.. Assemblies.Union(directives.Assemblies)]
            };
        List<string> compile = [.. directives.Assemblies];
        if (directives.Packages.Except(Packages).Any())
        {
            // Together with the earlier ones, so that what they share is resolved once for all.
            var packages =
                Packages
                .Where(old => !directives.Packages.Any(p => p.Id.Equals(old.Id, StringComparison.OrdinalIgnoreCase)))
                .Concat(directives.Packages).ToImmutableArray();
            var assets = PackageResolver.Resolve(packages, next.Sources, Folder, cancellation);
            next =
                next with
                {
                    Packages = packages,
                    Assemblies = [.. next.Assemblies.Union(assets.Runtime)],
                    Native =
                [.. Native.Union(assets.Native)],
                    Loadable = Loadable.SetItems(assets.Scripts)
                };
            compile.AddRange(assets.Compile);
        }
        var added = compile.Where(path => !Compiled.Contains(path)).Distinct().ToList();
        return (next with { Compiled = Compiled.Union(added) }, added);
    }

    /// <summary>Lets a context find all of them.</summary>
    public void AddTo(SubmissionContext context)
    {
        foreach (var path in Assemblies) context.AddAssembly(path);
        foreach (var path in Native) context.AddNative(path);
    }
}
