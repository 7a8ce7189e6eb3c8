using System.ComponentModel;
using Interactive.Extensions.Display;
using Microsoft.CodeAnalysis.CSharp.Scripting.Hosting;

namespace Interactive.Kernel.Scripting;

/// <summary>What every script and cell sees without an import. A host may derive from it to add members.</summary>
public class ScriptGlobals
{
    /// <summary>The script's arguments: what follows <c>--</c> on the command line. Empty in a notebook.</summary>
    public IList<string> Args { get; init; } = [];

    /// <summary>
    /// Writes a value as C# would write it, and a newline: strings quoted, collections with their elements.
    /// </summary>
    public void Print(object? value) => Console.Out.WriteLine(CSharpObjectFormatter.Instance.FormatObject(value));

    /// <summary>Shows a value: below the notebook cell that runs, else as text on stdout.</summary>
    /// <returns>What replaces it in its place.</returns>
    public DisplayedValue Display(object? value) => value.Display();

    /// <summary><see cref="Display"/> by the name that notebooks of .NET Interactive call it.</summary>
    /// <param name="mimeType">The form that a text is in; null shows it as a value.</param>
    /// <returns>What replaces it in its place.</returns>
    public DisplayedValue display(object? value, string? mimeType = null)
        => Microsoft.DotNet.Interactive.Kernel.display(value, mimeType);

    /// <summary>HTML to show, by the name that notebooks of .NET Interactive call it.</summary>
    public MimeBundle HTML(string html) => Microsoft.DotNet.Interactive.Kernel.HTML(html);

    /// <summary>A style sheet for the page, by the name that notebooks of .NET Interactive call it.</summary>
    public MimeBundle CSS(string css) => Microsoft.DotNet.Interactive.Kernel.CSS(css);

    /// <summary>JavaScript for the page, by the name that notebooks of .NET Interactive call it.</summary>
    public MimeBundle Javascript(string script) => Microsoft.DotNet.Interactive.Kernel.Javascript(script);

    /// <summary>Asks whoever runs the script or cell for a line.</summary>
    /// <returns>The line, null when there is no more input.</returns>
    public string? Input(string prompt = "") => InputHost.Current.Read(prompt, password: false);

    /// <summary>
    /// What <c>using var</c> at the top level becomes: disposed when the script or session ends, or when the name is declared so once more.
    /// </summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public void DisposeAtEnd(string name, IDisposable? value) => Owned.Add(name, value, () => value!.Dispose());

    /// <summary>The same for <c>await using</c>.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public void DisposeAsyncAtEnd(string name, IAsyncDisposable? value)
        => Owned.Add(name, value, () => value!.DisposeAsync().AsTask().GetAwaiter().GetResult());

    internal OwnedValues Owned { get; } = new();

    /// <summary>Asks for a line without showing what is typed.</summary>
    /// <returns>The line, null when there is no more input.</returns>
    public string? Password(string prompt = "") => InputHost.Current.Read(prompt, password: true);
}
