using Interactive.Extensions.Display;

namespace Interactive.Extensions.DotnetInteractive;

/// <summary>
/// A display host made of a function that shows a bundle and returns how to replace it: what .NET Interactive's
/// <c>Display(x).Update(y)</c> is.
/// </summary>
/// <param name="show">Shows a bundle; its result replaces it.</param>
public sealed class ForwardingDisplayHost(Func<MimeBundle, Action<MimeBundle>> show) : IDisplayHost
{
    private readonly Dictionary<string, Action<MimeBundle>> updates = [];
    private int count;

    /// <inheritdoc/>
    public string Display(MimeBundle bundle, string? id = null)
    {
        id ??= $"display-{Interlocked.Increment(ref count)}";
        var update = show(bundle);
        lock (updates) updates[id] = update;
        return id;
    }

    /// <inheritdoc/>
    public void Update(string id, MimeBundle bundle)
    {
        Action<MimeBundle>? update;
        lock (updates) updates.TryGetValue(id, out update);
        update?.Invoke(bundle);
    }

    /// <summary>That host has no such thing: what was shown stays.</summary>
    public void Clear(bool wait) { }
}
