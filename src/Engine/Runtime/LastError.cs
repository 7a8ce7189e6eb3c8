using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Runtime;

/// <summary>
/// The error that TorchSharp throws when the native call in progress returns. Managed code that libtorch calls back
/// must not throw across native frames: it leaves its error here, gives libtorch something harmless, and whoever made
/// the call gets the exception. TorchSharp's library keeps the text in its one thread-local variable, and empties it
/// where a native call begins.
/// </summary>
internal static unsafe class LastError
{
    private const string Reader = "THSTorch_get_and_reset_last_err";
    private const int TlsData = 10; // of dlinfo: where the calling thread's variables of a library are
    private static readonly nint Library = TorchLoader.LibraryOf(Reader);

    /// <summary>True where the variable is what it is taken for.</summary>
    public static bool IsAvailable { get; } = Check();

    private static nint* Variable
    {
        get
        {
            nint data;
            return Library != 0 && dlinfo(Library, TlsData, &data) == 0 ? (nint*)data : null;
        }
    }

    private static bool Check()
    {
        if (Library == 0 || !TorchLoader.TryGetExport(Reader, out var reader)) return false;
        var read = (delegate* unmanaged<nint>)reader;
        var before = read(); // the thread has its variable from here on
        if (Variable is not (not null and var variable) || *variable != 0) return false;
        *variable = (nint)(&variable);
        var isIt = read() == (nint)(&variable) && *variable == 0;
        *variable = before;
        return isIt;
    }

    /// <summary>Takes what the call in progress is to fail with, 0 where nothing has failed.</summary>
    public static nint Take()
    {
        var variable = Variable;
        if (variable == null) return 0;
        var text = *variable;
        *variable = 0;
        return text;
    }

    /// <summary>
    /// Lets the call in progress fail. No other native call of TorchSharp's may follow in the callback.
    /// </summary>
    /// <param name="text">From <see cref="Take"/> or <see cref="Text"/>.</param>
    public static void Put(nint text)
    {
        // this thread's first: it has its variable now
        if (Variable == null) ((delegate* unmanaged<nint>)NativeRedirect.Find(Library, Reader))();
        *Variable = text;
    }

    /// <summary>An exception as such a text: libtorch's own words as they are.</summary>
    public static nint Text(Exception e)
    {
        var bytes =
            Encoding.UTF8.GetBytes((e is ExternalException ? e.Message : $"{e.GetType().Name}: {e.Message}") + "\0");
        var text = NativeMemory.Alloc((nuint)bytes.Length); // TorchSharp frees none of these
        bytes.CopyTo(new Span<byte>(text, bytes.Length));
        return (nint)text;
    }

    [DllImport("libc")] private static extern int dlinfo(nint handle, int request, void* result);
}
