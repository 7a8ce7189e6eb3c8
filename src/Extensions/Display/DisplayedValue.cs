namespace Interactive.Extensions.Display;

/// <summary>A value that has been shown, and can be replaced by another one in its place.</summary>
/// <param name="host">Where it was shown.</param>
/// <param name="id">The host's id for it.</param>
public sealed class DisplayedValue(IDisplayHost host, string id)
{
    /// <summary>The host's id for it.</summary>
    public string Id => id;

    /// <summary>Shows another value in its place.</summary>
    public void Update(object? value) => host.Update(id, Formatters.Format(value));
}
