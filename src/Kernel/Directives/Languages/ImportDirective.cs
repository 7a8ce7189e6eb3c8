using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary><c>#!import FILE</c>: runs the code of a notebook or script here, then the lines below.</summary>
internal sealed class ImportDirective : IDirective
{
    public string Name => "import";
    public string Help
        => "#!import FILE: runs the code of a notebook (.ipynb, .dib) or script (.csx, .cs) here, then the lines below";
    public bool IsListed => false;

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        if (call.Arguments is not [var file])
            throw new UsageException($"#!import takes one file, got '{string.Join(' ', call.Arguments)}'");
        if (!File.Exists(file)) throw new UsageException($"#!import: no file {file}");
        var cells = Path.GetExtension(file).ToLowerInvariant() is ".cs"
            ? [new(CellKind.Code, await File.ReadAllTextAsync(file, cancellationToken))] : Notebook.Read(file).Cells;
        object? value = null;
        foreach (var code in cells.Where(c => c.Kind == CellKind.Code && !string.IsNullOrWhiteSpace(c.Source))
            .Select(c => c.Source).Append("\n" + call.Body))
        {
            var result = await call.RunCode(code);
            if (result.Error is not null) throw result.Error;
            value = result.Value;
        }
        return value;
    }
}
