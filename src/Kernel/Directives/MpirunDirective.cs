using Interactive.Collectives.Mpi;
using Interactive.Extensions.Display;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// <c>#!mpirun -n 4</c>: its cell runs on new processes under mpirun, after the shared cells. What ranks write appears
/// here with the rank in front; what rank 0 displays appears as if the cell ran here, live figures too; rank 0's value
/// is the cell's. In a notebook that runs under <c>interactive launch</c> the ranks are there already, and the cell
/// just runs.
/// </summary>
internal sealed class MpirunDirective(SharedDirective shared) : IDirective
{
    public string Name => "mpirun";
    public string Help
        => MpirunArguments.Usage
        + ": runs its cell on several MPI ranks; --as keeps rank 0's value, --save keeps the cell as a script";

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        var arguments = MpirunArguments.Parse(call.Arguments);
        if (string.IsNullOrWhiteSpace(call.Body))
            throw new UsageException("#!mpirun: the cell is empty below the directive");
        if (arguments.Save is { } file) Save(file, arguments.Ranks, call.Body);
        object? value;
        if (ClusterEnvironment.Read() is not null)
        {
            var result = await call.RunBody();
            if (result.Error is not null) throw result.Error;
            value = result.Value;
        }
        else value =
            await new RankJob([.. shared.Cells, new(call.CellName, "\n" + call.Body)], arguments.Ranks,
            arguments.Flavor
            ?? MpiNetUse.FlavorFor([.. shared.Cells.Select(c => c.Code), call.Body])).Run(cancellationToken);
        if (arguments.Variable is { } variable) await Assign(call, variable, value);
        return value;
    }

    private static async Task Assign(DirectiveCall call, string variable, object? value)
    {
        if (value is null)
            throw new UsageException($"#!mpirun --as {variable}: the cell returns nothing: end it with an expression");
        if (value is MimeBundle) throw new UsageException($"#!mpirun --as {variable}: rank 0's value cannot leave its process as JSON: return numbers, texts, arrays or records of them");
        var type = CSharpName.Of(value.GetType());
        Returned.Current = value;
        var result = await call.RunCode($"var {variable} = ({type})global::{typeof(Returned).FullName}.{nameof(Returned.Current)};");
        if (result.Error is not null) throw result.Error;
    }

    // One cell a section, as in a converted notebook: the script host runs it cell by cell.
    private void Save(string file, int ranks, string body)
    {
        var head = $"How to run it: ./interactive launch -n {ranks} {Path.GetFileName(file)}";
        var cells = shared.Cells.Select(c => c.Code[1..]).Append(body)
            .Select(code => new NotebookCell(CellKind.Code, code.TrimEnd('\n')));
        new Notebook([new(CellKind.Markdown, head), .. cells]).Write(file);
    }
}
