using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// <c>#!html</c>, <c>#!markdown</c> and the like of Polyglot Notebooks: the cell's text is its value.
/// </summary>
/// <param name="mime">The form in which it is shown.</param>
/// <param name="wrap">What is shown of the text.</param>
internal sealed class MarkupDirective(string name, string mime, Func<string, string> wrap) : IDirective
{
    public string Name => name;
    public string Help => $"#!{name}: shows the lines below as {mime}";
    public bool IsListed => false;

    public Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        call.RefuseArguments();
        return Task.FromResult<object?>(new MimeBundle(new Dictionary<string,
            object>
        { [mime] = wrap(call.Body), [Mime.Text] = call.Body }));
    }
}
