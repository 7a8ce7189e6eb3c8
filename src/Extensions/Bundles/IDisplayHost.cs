namespace Interactive.Extensions.Display;

/// <summary>Where code shows values: a notebook, a terminal, a report. Members may be called from any thread.</summary>
public interface IDisplayHost
{
    /// <summary>Shows a value.</summary>
    /// <param name="id">Under which <see cref="Update"/> finds it; default a new one.</param>
    /// <returns>The id.</returns>
    string Display(MimeBundle bundle, string? id = null);

    /// <summary>Replaces what was shown under an id, wherever it stands.</summary>
    void Update(string id, MimeBundle bundle);

    /// <summary>Removes what the running cell has shown so far.</summary>
    /// <param name="wait">True removes it only when the next output comes, so that nothing flickers.</param>
    void Clear(bool wait);
}
