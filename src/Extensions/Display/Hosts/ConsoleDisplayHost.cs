namespace Interactive.Extensions.Display;

/// <summary>
/// Shows plain text on stdout. An update is written anew where it differs from what was shown last; nothing is cleared.
/// </summary>
public sealed class ConsoleDisplayHost : IDisplayHost
{
    private readonly Dictionary<string, string> shown = [];
    private int count;

    /// <inheritdoc/>
    public string Display(MimeBundle bundle, string? id = null)
    {
        id ??= $"display-{Interlocked.Increment(ref count)}";
        Write(id, bundle.Text);
        return id;
    }

    /// <inheritdoc/>
    public void Update(string id, MimeBundle bundle) => Write(id, bundle.Text);

    /// <inheritdoc/>
    public void Clear(bool wait) { }

    private void Write(string id, string text)
    {
        lock (shown)
        {
            if (shown.TryGetValue(id, out var last) && last == text) return;
            shown[id] = text;
            Console.Out.WriteLine(text);
        }
    }
}
