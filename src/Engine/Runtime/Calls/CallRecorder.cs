using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// Records every operator that the calling thread runs until it is disposed, with all arguments and results: calls made
/// by operators themselves are not listed, but for those that are seen into. Tensors seen stay alive, so that an address tells which tensor it is. Built
/// on libtorch's own observers (<c>at::RecordFunction</c> of libtorch 2.10).
/// </summary>
internal sealed unsafe class CallRecorder : IDisposable
{
    private const string Add = "_ZN2at22addThreadLocalCallbackENS_22RecordFunctionCallbackE",
        Remove = "_ZN2at14removeCallbackEm",
        NameOf = "_ZNK2at14RecordFunction4nameEv", OverloadOf = "_ZNK2at14RecordFunction13overload_nameEv";
    private const int InputsOffset = 0xD0, OutputsOffset = 0x118; // in at::RecordFunction

    [StructLayout(LayoutKind.Sequential)]
    private struct Callback
    {
        public nint Start, End;
        public double Probability;
        public fixed byte Scopes[10];
        public byte NeedsInputs, NeedsOutputs, NeedsIds;
    }

    private static readonly delegate* unmanaged<nint, byte*> Name = (delegate* unmanaged<nint, byte*>)Export(NameOf),
        Overload = (delegate* unmanaged<nint, byte*>)Export(OverloadOf);

    [ThreadStatic] private static CallRecorder? current;

    private readonly ulong handle;
    private readonly CallRecorder? outer = current;
    private readonly Func<string, string, bool>? seesInto;
    private readonly Stack<int> opened = []; // operators that are seen into, by their places in the list
    private int depth;
    private ExceptionDispatchInfo? failure; // of what watches

    /// <summary>True when this libtorch exports what is needed.</summary>
    public static bool IsAvailable { get; } = Name != null && Overload != null && Export(Add) != 0
        && Export(Remove) != 0 && OperatorCall.IsAvailable;

    /// <summary>What has run so far, in order.</summary>
    public List<RecordedCall> Calls { get; } = [];

    /// <summary>Begins to record.</summary>
    /// <param name="seesInto">By name and overload: an operator in whose place those are listed that it calls, if it calls any.
    /// Null for none.</param>
    /// <exception cref="NotSupportedException">This libtorch is another version.</exception>
    public CallRecorder(Func<string, string, bool>? seesInto = null)
    {
        this.seesInto = seesInto;
        if (!IsAvailable)
            throw new NotSupportedException($"this libtorch does not export {Add}: modules cannot be traced");
        var callback = new Callback
        {
            Start = (nint)(delegate* unmanaged<nint*, nint, nint*>)&Began,
            End = (nint)(delegate* unmanaged<nint, nint, void>)&Ended,
            Probability = 1,
            NeedsInputs = 1,
            NeedsOutputs = 1,
        };
        callback.Scopes[0] = 1; // functions
        current = this;
        DataReads.Watcher = Read;
        handle = ((delegate* unmanaged<Callback, ulong>)Export(Add))(callback);
    }

    private static nint Export(string name) => TorchLoader.TryGetExport(name, out var address) ? address : 0;

    [UnmanagedCallersOnly]
    private static nint* Began(nint* context, nint function)
    {
        *context = 0;
        if (current is { } recorder && recorder.depth++ == recorder.opened.Count) recorder.Watch(recorder.Begin, function);
        return context;
    }

    [UnmanagedCallersOnly]
    private static void Ended(nint function, nint context)
    {
        if (current is not { } recorder) return;
        var level = --recorder.depth;
        if (level == recorder.opened.Count) recorder.Watch(recorder.End, function);
        else if (level == recorder.opened.Count - 1) recorder.Watch(recorder.Leave, function);
    }

    // Managed code must not throw across native frames.
    private void Watch(Action<nint> see, nint function)
    {
        try { see(function); }
        catch (Exception e) { failure ??= ExceptionDispatchInfo.Capture(e); }
    }

    /// <summary>The name under which it is listed that a tensor's numbers are read without an operator.</summary>
    public const string DataRead = "aten::data";

    private static void Read(nint tensor)
    {
        if (current is { } recorder && recorder.depth == recorder.opened.Count)
            recorder.Watch(seen
            => recorder.Calls.Add(new RecordedCall(DataRead, "", [new NativeValue(seen, ValueTag.Tensor).Share()],
            is_grad_enabled())), tensor);
    }

    private void Begin(nint function)
    {
        var (name, overload) = (Text(Name(function)), Text(Overload(function)));
        counts = OperatorCall.Counts(name, overload);
        var arguments = Top(*(NativeValue**)(function + InputsOffset), *(long*)(function + InputsOffset + 8),
            counts?.Arguments);
        Calls.Add(new RecordedCall(name, overload, arguments, is_grad_enabled()));
        if (seesInto?.Invoke(name, overload) == true) opened.Push(Calls.Count - 1);
    }

    // Out of an operator that was seen into: what it called is in its place.
    private void Leave(nint function)
    {
        var at = opened.Pop();
        if (at == Calls.Count - 1)
        {
            counts = OperatorCall.Counts(Calls[at].Name, Calls[at].Overload);
            End(function);
            return;
        }
        Release(Calls[at]);
        Calls.RemoveAt(at);
    }

    private (int Arguments, int Returns)? counts; // of the operator that runs

    private void End(nint function)
    {
        var from = *(NativeValue**)(function + OutputsOffset);
        Calls[^1].Results = Top(from, *(NativeValue**)(function + OutputsOffset + 8) - from, counts?.Returns);
    }

    // TorchScript hands over its whole stack, of which what belongs to the operator is the top.
    private static NativeValue[] Top(NativeValue* from, long length, int? count)
    {
        var own = (int)Math.Min(length, count ?? length);
        var values = new ReadOnlySpan<NativeValue>(from + (length - own), own).ToArray();
        foreach (var value in values) value.Share();
        return values;
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>Stops recording and keeps what was seen.</summary>
    public void Stop()
    {
        if (current != this) return;
        current = outer;
        if (outer is null) DataReads.Watcher = null;
        ((delegate* unmanaged<ulong, void>)Export(Remove))(handle);
        failure?.Throw();
    }

    /// <summary>
    /// What the calling thread runs until the result is disposed is not recorded: sums over sizes, say.
    /// </summary>
    public static IDisposable Pause() => new Paused();

    private sealed class Paused : IDisposable
    {
        private readonly CallRecorder? held = current;
        public Paused() => current = null;
        public void Dispose() => current = held;
    }

    /// <summary>Stops recording and lets go of all that was seen.</summary>
    public void Dispose()
    {
        failure = null;
        Stop();
        foreach (var call in Calls) Release(call);
        Calls.Clear();
    }

    private static void Release(RecordedCall call)
    {
        for (var i = 0; i < call.Arguments.Length; i++) call.Arguments[i].Release();
        foreach (var list in call.Lists)
            for (var i = 0; i < list?.Length; i++) list[i].Release();
        for (var i = 0; i < call.Results.Length; i++) call.Results[i].Release();
    }
}
