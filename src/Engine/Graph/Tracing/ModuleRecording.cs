using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>One run of a module: every operator, and which of its modules ran it. All tensors stay alive until it is disposed.</summary>
internal sealed class ModuleRecording : IDisposable
{
    private readonly CallRecorder recorder;
    private readonly DisposeScope scope = NewDisposeScope();

    /// <summary>Runs and records.</summary>
    /// <param name="module">In the mode in which it is to be seen.</param>
    /// <param name="inputs">Stay the caller's.</param>
    public ModuleRecording(nn.Module module, IReadOnlyList<Tensor> inputs)
    {
        Inputs = inputs;
        var hooks = new List<Action>();
        foreach (var (name, part) in module.named_modules())
            if (part is nn.Module<Tensor, Tensor> single) Watch(single, name, hooks);
        if (module is nn.Module<Tensor, Tensor> whole) Watch(whole, "", hooks);
        recorder = new CallRecorder();
        try { Outputs = ModuleCall.Run(module, inputs); }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            recorder.Stop();
            foreach (var remove in hooks) remove();
        }
        foreach (var call in Calls) call.ForgetAbsent();
    }

    public IReadOnlyList<Tensor> Inputs { get; }
    public IReadOnlyList<Tensor> Outputs { get; }
    public IReadOnlyList<RecordedCall> Calls => recorder.Calls;
    public List<ModuleSpan> Spans { get; } = [];

    private ModuleSpan? open;

    private void Watch(nn.Module<Tensor, Tensor> module, string name, List<Action> hooks)
    {
        hooks.Add(module.register_forward_pre_hook((_, x) =>
        {
            Spans.Add(open = new ModuleSpan(module, name, recorder!.Calls.Count, NativeValue.Of(x), open));
            return null!;
        }).remove);
        hooks.Add(module.register_forward_hook((_, _, y) =>
        {
            var span = open!;
            while (span.Module != module) span = span.Parent!; // a module whose forward threw has no end
            (span.End, span.Output, open) = (recorder!.Calls.Count, NativeValue.Of(y), span.Parent);
            return null!;
        }).remove);
    }

    /// <summary>The innermost module that ran a call.</summary>
    public ModuleSpan? SpanOf(int call)
    {
        ModuleSpan? best = null;
        foreach (var span in Spans)
            if (span.Begin <= call && call < span.End && (best is null || span.Begin >= best.Begin && span.End <= best.End)) best = span;
        return best;
    }

    /// <summary>True when a module writes over what it is given.</summary>
    public bool Overwrites(ModuleSpan span)
    {
        using var input = span.Input.ToTensor();
        for (var i = span.Begin; i < span.End; i++)
            if (Calls[i] is { Arguments: [{ Tag: ValueTag.Tensor } target, ..] } call && call.Name.EndsWith('_'))
            {
                using var written = target.ToTensor();
                if (NativeValue.StorageOf(written) == NativeValue.StorageOf(input)) return true;
            }
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        recorder.Dispose();
        foreach (var span in Spans)
        {
            var input = span.Input;
            input.Release();
            var output = span.Output;
            output.Release();
        }
        Spans.Clear();
        scope.Dispose();
    }
}
