using System.Collections.Concurrent;

namespace Interactive.Kernel.Scripting;

/// <summary>The directives that a session's cells may use.</summary>
public sealed class DirectiveRegistry
{
    private readonly ConcurrentDictionary<string, IDirective> directives = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>All that are listed, by name.</summary>
    public IReadOnlyList<IDirective> All
        => [.. directives.Values.Where(d => d.IsListed).OrderBy(d => d.Name, StringComparer.Ordinal)];

    /// <summary>Adds a directive, in the place of one that has its name.</summary>
    public DirectiveRegistry Add(IDirective directive)
    {
        directives[directive.Name] = directive;
        return this;
    }

    internal bool Has(string name) => directives.ContainsKey(name);

    /// <summary>The directive of a name.</summary>
    /// <exception cref="UsageException">There is none; the message lists those there are.</exception>
    public IDirective Find(string name) => directives.TryGetValue(name, out var directive) ? directive
        : throw new UsageException($"no directive #!{name}: " + (directives.IsEmpty ? "this session has none"
        : $"there are {string.Join(", ", All.Select(d => "#!" + d.Name))}"));
}
