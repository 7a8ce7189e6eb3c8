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
    /// <param name="seesInto">Operators in whose place those are listed that they call; null for none.</param>
    public ModuleRecording(nn.Module module, IReadOnlyList<Tensor> inputs, Func<string, string, bool>? seesInto = null)
    {
        (Module, Inputs) = (module, inputs);
        var hooks = new List<Action>();
        foreach (var (name, part) in module.named_modules())
            Watch(part, name, hooks);
        Watch(module, "", hooks);
        recorder = new CallRecorder(seesInto);
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

    public nn.Module Module { get; }
    public IReadOnlyList<Tensor> Inputs { get; }
    public IReadOnlyList<Tensor> Outputs { get; }
    public IReadOnlyList<RecordedCall> Calls => recorder.Calls;
    public List<ModuleSpan> Spans { get; } = [];

    private ModuleSpan? open;

    private void Watch(nn.Module module, string name, List<Action> hooks)
    {
        switch (module)
        {
            case nn.Module<Tensor, Tensor> m:
                hooks.Add(m.register_forward_pre_hook((_, x) => Begin<Tensor>(module, name, x)!).remove);
                hooks.Add(m.register_forward_hook((_, _, y) => End(module, y)).remove);
                break;
            case nn.Module<Tensor, Tensor, Tensor> m:
                hooks.Add(m.register_forward_pre_hook((_, a, b) => Begin<(Tensor, Tensor)?>(module, name, a, b)).remove);
                hooks.Add(m.register_forward_hook((_, _, _, y) => End(module, y)).remove);
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor> m:
                hooks.Add(m.register_forward_pre_hook((_, a, b, c) => Begin<(Tensor, Tensor, Tensor)?>(module, name, a, b, c)).remove);
                hooks.Add(m.register_forward_hook((_, _, _, _, y) => End(module, y)).remove);
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor> m:
                hooks.Add(m.register_forward_pre_hook((_, a, b, c, d) => Begin<(Tensor, Tensor, Tensor, Tensor)?>(module, name, a, b, c, d)).remove);
                hooks.Add(m.register_forward_hook((_, _, _, _, _, y) => End(module, y)).remove);
                break;
        }
    }

    // What a hook gives back takes the place of what the module was given or gives: nothing does here.
    private T? Begin<T>(nn.Module module, string name, params Tensor?[] inputs)
    {
        Spans.Add(open = new ModuleSpan(module, name, recorder!.Calls.Count, Array.ConvertAll(inputs, NativeValue.Of), open));
        return default;
    }

    private Tensor End(nn.Module module, Tensor output)
    {
        var span = open!;
        while (span.Module != module) span = span.Parent!; // a module whose forward threw has no end
        (span.End, span.Output, open) = (recorder!.Calls.Count, NativeValue.Of(output), span.Parent);
        return null!;
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
    public bool Overwrites(ModuleSpan span) => span.Given.Any(input => Overwrites(span, input));

    /// <summary>True when a module's code writes into its buffers, whole numbers aside, which backward never saves.</summary>
    public bool MovesBuffers(ModuleSpan span) => span.Module.buffers().Any(buffer => buffer.is_floating_point() && Writes(span, buffer));

    private bool Overwrites(ModuleSpan span, NativeValue given)
    {
        using var input = given.ToTensor();
        return Writes(span, input);
    }

    private bool Writes(ModuleSpan span, Tensor into)
    {
        for (var i = span.Begin; i < span.End; i++)
            if (Calls[i] is { Arguments: [{ Tag: ValueTag.Tensor } target, ..] } call && call.Name.EndsWith('_'))
            {
                using var written = target.ToTensor();
                if (NativeValue.StorageOf(written) == NativeValue.StorageOf(into)) return true;
            }
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        recorder.Dispose();
        foreach (var span in Spans)
        {
            foreach (ref var input in span.Inputs.AsSpan()) input.Release();
            var output = span.Output;
            output.Release();
        }
        Spans.Clear();
        scope.Dispose();
    }
}
