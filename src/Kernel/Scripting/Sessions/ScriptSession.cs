using Interactive.Kernel.Notebooks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// A session of C# submissions: each cell sees what the ones before it defined, and may define it anew. Cells run one
/// after another on one thread; completion, inspection and <see cref="Interrupt"/> may be called from any thread at any
/// time, also while a cell runs.
/// </summary>
public sealed class ScriptSession : IDisposable
{
    private readonly ScriptCompiler compiler;
    private readonly string folder;
    private readonly SubmissionContext context = new();
    private readonly CellThread thread = new();
    private readonly SemaphoreSlim turn = new(1);
    private readonly Rebinding rebinding = new();
    private SessionReferences references;
    private object?[] slots = new object?[64];
    private volatile ScriptHistory history;
    private readonly HashSet<CellRun> asked = []; // the cell that runs, and those that wait for their turn

    /// <param name="globals">The object whose members every cell sees; default a <see cref="ScriptGlobals"/>. Its type must be public.</param>
    /// <param name="folder">Where relative paths in directives begin; default the current folder.</param>
    public ScriptSession(ScriptGlobals? globals = null, string? folder = null)
    {
        globals ??= new ScriptGlobals();
        this.folder = folder ?? Directory.GetCurrentDirectory();
        compiler = new(globals.GetType(), this.folder, imports: HostReferences.ImportsOfCells);
        references = SessionReferences.None(this.folder);
        history = new(compiler, 0, SubmissionChain.Empty, HostReferences.All);
        slots[0] = globals;
        if (Path.GetDirectoryName(globals.GetType().Assembly.Location) is { Length: > 0 } && globals.GetType().Assembly != typeof(ScriptGlobals).Assembly)
        {
            // A host's own globals come from an assembly that cells are compiled against too.
            history = history with { References = [.. HostReferences.All, HostReferences.Reference(globals.GetType().Assembly.Location)] };
            context.AddAssembly(globals.GetType().Assembly.Location);
        }
    }

    /// <summary>What a cell's first line <c>#!name</c> may ask for.</summary>
    public DirectiveRegistry Directives { get; } = new();

    /// <summary>Compiles and runs one cell. Never throws for what the cell does: that is in the result.</summary>
    /// <param name="name">What stack traces and errors call it, such as <c>cell-3</c> or a path.</param>
    /// <param name="cancellationToken">Interrupts the cell as <see cref="Interrupt"/> does.</param>
    public Task<ScriptResult> RunAsync(string code, string name, CancellationToken cancellationToken = default) => RunAsync(code, name, null, cancellationToken);

    /// <summary>The same, and shows the cell's value as part of the cell: an interrupt reaches what a value's own code does there.</summary>
    /// <param name="show">Gets a value that is not null, on the session's thread; null for no showing.</param>
    internal async Task<ScriptResult> RunAsync(string code, string name, Action<object>? show, CancellationToken cancellationToken = default)
    {
        var run = new CellRun();
        lock (asked) asked.Add(run);
        await turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            using var registration = cancellationToken.Register(run.Interrupt);
            var result = await RunAsync(code, name, run).ConfigureAwait(false);
            return show is not null && result is { Status: ScriptStatus.Ok, HasValue: true, Value: { } value } ? await ShowAsync(result, value, show, run).ConfigureAwait(false) : result;
        }
        finally
        {
            lock (asked) asked.Remove(run);
            run.Release();
            turn.Release();
        }
    }

    /// <summary>
    /// Ends the cell that runs, and those that wait for their turn; keeps the session. Does nothing when there is none. Code inside a
    /// native call ends when that returns.
    /// </summary>
    public void Interrupt()
    {
        CellRun[] all;
        lock (asked) all = [.. asked];
        foreach (var run in all) run.Interrupt();
    }

    /// <summary>What may stand at a position of a cell that is being written.</summary>
    /// <param name="position">In UTF-16 units from the start of the code.</param>
    public Task<IReadOnlyList<CompletionItem>> CompleteAsync(string code, int position, CancellationToken cancellationToken = default) =>
        Task.Run(() => DirectiveLine.Complete(Directives, code, position) ?? Completion.At(history, code, position, cancellationToken), cancellationToken);

    internal int NamesBound => history.Names.Bound;

    /// <summary>How many cells the next one sees.</summary>
    internal int Links => history.Chain.Count;

    /// <summary>What is at a position: its declaration and documentation, or the overloads of the call around it. Null when nothing is known.</summary>
    /// <param name="position">In UTF-16 units from the start of the code.</param>
    public Task<string?> InspectAsync(string code, int position, CancellationToken cancellationToken = default) =>
        Task.Run(() => DirectiveLine.Inspect(Directives, code, position) ?? Inspection.At(history, code, position, cancellationToken), cancellationToken);

    /// <summary>True when the code is a whole cell, false when more must follow (an open brace, say), null when it can only be an error.</summary>
    public static bool? IsComplete(string code)
    {
        const string UnendedText = "CS8997"; // of several lines in three quotes, which the compiler's own answer does not know
        if (DirectiveCall.Read(code, "", null!) is { Name: var name } && CellLanguage.Find(name) is { } language && language != CellLanguage.CSharp) return true;
        var tree = ScriptCompiler.Parse(code, "");
        if (!SyntaxFactory.IsCompleteSubmission(tree) || tree.GetDiagnostics().Any(d => d.Id == UnendedText)) return false;
        return tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error) ? null : true;
    }

    /// <summary>The variables that cells have defined, newest definition of each name.</summary>
    public IReadOnlyDictionary<string, object?> Variables
    {
        get
        {
            var found = new Dictionary<string, object?>();
            foreach (var slot in slots.Skip(1).OfType<object>().Reverse())
                foreach (var variable in slot.GetType().GetFields())
                    if (!variable.Name.StartsWith('<')) found.TryAdd(variable.Name, variable.GetValue(slot));
            return found;
        }
    }

    /// <summary>Disposes what cells declared by <c>using var</c>, and lets the session's thread end.</summary>
    public void Dispose()
    {
        try { ((ScriptGlobals)slots[0]!).Owned.DisposeAll(); }
        finally { thread.Dispose(); }
    }

    private async Task<ScriptResult> RunAsync(string code, string name, CellRun run)
    {
        try
        {
            if (run.IsInterrupted) throw ScriptInterrupt.Exception(); // while it waited
            if (DirectiveCall.Read(code, name, this) is { } call) return await FollowAsync(call, run).ConfigureAwait(false);
            if (DirectiveLine.Cut(code) is { } below)
            {
                var above = await RunAsync(code[..below], name, run).ConfigureAwait(false);
                return above.Error is null ? await RunAsync(code[below..], name, run).ConfigureAwait(false) : above;
            }
            using var cancellation = new CancellationTokenSource();
            _ = run.Interruption.ContinueWith(_ => cancellation.Cancel(), TaskContinuationOptions.ExecuteSynchronously);
            var submission = await thread.Run(() => Compile(code, name, cancellation.Token)).ConfigureAwait(false);
            if (run.IsInterrupted) throw ScriptInterrupt.Exception();
            var task = await thread.Run(() =>
            {
                using var reflection = context.EnterContextualReflection();
                return run.Start(submission.Load(context), slots);
            }).ConfigureAwait(false);
            _ = task.ContinueWith(t => { _ = t.Exception; run.Release(); }, TaskContinuationOptions.ExecuteSynchronously);
            // A cell that awaits does not hold the thread: it is left behind, and its checks end it when it goes on.
            await Task.WhenAny(task, run.Interruption).ConfigureAwait(false);
            if (!task.IsCompleted) return new(ScriptStatus.Interrupted, Error: ScriptInterrupt.Exception());
            return new(ScriptStatus.Ok, submission.HasValue, await task.ConfigureAwait(false));
        }
        catch (ScriptCompileException e) { return new(ScriptStatus.CompileError, Error: e); }
        catch (Exception e) { return Ended(e, run); }
    }

    private static ScriptResult Ended(Exception e, CellRun run) => new(run.IsInterrupted && IsInterruption(e) ? ScriptStatus.Interrupted : ScriptStatus.Failed, Error: e);

    // A value's own code may throw: that is the cell's error too.
    private async Task<ScriptResult> ShowAsync(ScriptResult result, object value, Action<object> show, CellRun run)
    {
        var task = await thread.Run(() => run.Start(_ =>
        {
            show(value);
            return Task.FromResult<object?>(null);
        }, slots)).ConfigureAwait(false);
        run.Release();
        return task.Exception?.InnerException is { } e ? Ended(e, run) : result;
    }

    private async Task<ScriptResult> FollowAsync(DirectiveCall call, CellRun run)
    {
        var directive = Directives.Find(call.Name.TrimEnd('?'));
        if (call.AsksForHelp) return new(ScriptStatus.Ok, true, directive.Help);
        using var cancellation = new CancellationTokenSource();
        _ = run.Interruption.ContinueWith(_ => cancellation.Cancel(), TaskContinuationOptions.ExecuteSynchronously);
        call = call with { Runner = code => RunAsync(code, call.CellName, run) };
        var task = await thread.Run(() => run.Start(_ => directive.Run(call, cancellation.Token), slots)).ConfigureAwait(false);
        _ = task.ContinueWith(t => { _ = t.Exception; run.Release(); }, TaskContinuationOptions.ExecuteSynchronously);
        var value = await task.ConfigureAwait(false);
        return new(ScriptStatus.Ok, value is not null, value);
    }

    private static bool IsInterruption(Exception e) => e is OperationCanceledException or ThreadInterruptedException
        || e is AggregateException many && many.Flatten().InnerExceptions.All(IsInterruption)
        || e is System.Reflection.TargetInvocationException or TypeInitializationException && e.InnerException is { } inner && IsInterruption(inner);

    // What the cell asks for counts once it compiles: one that fails leaves nothing behind.
    private Submission Compile(string code, string name, CancellationToken cancellation)
    {
        var now = history;
        if (now.References.Count == 0 && now.Chain.Again(code) is { } again)
        {
            history = now with { Number = now.Number + 1 };
            rebinding.Define(again.Compilation, now.Number + 1, again.Slot, slots);
            again.Rename(name);
            return again.Submission;
        }
        var (wanted, added) = references.With(ScriptDirectives.Read(code, name, folder), cancellation);
        var all = (IReadOnlyList<MetadataReference>)[.. now.References, .. added.Select(HostReferences.Reference)];
        var number = now.Number + 1;
        var before = all.Count > 0 ? now.Chain : now.Chain.For(code, () => compiler.Create(ScriptCompiler.ParseToRun(code, name), number, now.Last, [], wanted.Loadable));
        var (compilation, submission) = compiler.CompileInterruptible(code, name, number, before.Last, all, wanted.Loadable, cancellation);
        references = wanted;
        wanted.AddTo(context);
        var slot = before.NextSlot;
        if (slot >= slots.Length) Array.Resize(ref slots, slots.Length * 2);
        var chain = before.With(code, compilation, submission, all.Count > 0);
        history = new(compiler, number, chain, []) { Names = now.Names };
        rebinding.Define(compilation, number, submission.Image.Length > 0 ? slot : 0, slots);
        return submission;
    }
}
