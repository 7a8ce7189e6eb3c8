using Interactive.Kernel.Jupyter;
using NetMQ;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>A client's messages; the frames lie in the file with zeros between them.</summary>
internal sealed class MessageTarget : IFuzzTarget
{
    public string Name => "message";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "message");
        File.WriteAllText(path, string.Join('\0', "client", "<IDS|MSG>", "", """{"msg_id":"1","msg_type":"execute_request","session":"s","username":"u","date":"2026-01-01T00:00:00Z","version":"5.3"}""",
            "{}", "{}", """{"code":"1 + 1","silent":false,"store_history":true,"user_expressions":{},"allow_stdin":true,"stop_on_error":true}""", "buffer"));
        return path;
    }

    public void Read(string path)
    {
        var message = new NetMQMessage();
        foreach (var frame in Frames(File.ReadAllBytes(path))) message.Append(frame);
        try
        {
            var request = new WireFormat(key: "").Read(KernelChannel.Shell, message);
            _ = (request.Text("code"), request.Flag("silent", false), request.Number("cursor_pos", 0));
        }
        // which the kernel's sockets tell, and go on
        catch (FormatException e) { throw new InvalidDataException(e.Message); }
    }

    private static IEnumerable<byte[]> Frames(byte[] file)
    {
        for (var begin = 0; begin <= file.Length;)
        {
            var end = Array.IndexOf(file, (byte)0, begin) is >= 0 and var found ? found : file.Length;
            yield return file[begin..end];
            begin = end + 1;
        }
    }
}
