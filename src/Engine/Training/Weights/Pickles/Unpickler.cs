using System.Buffers.Binary;
using System.Text;

namespace Interactive.Training;

/// <summary>
/// Reads the pickles of PyTorch's files as data. It knows texts, numbers, lists, dictionaries and tensors; whatever
/// else a pickle names is refused by name, and nothing is ever looked up or called. What it makes is bounded by the
/// bytes it reads.
/// </summary>
/// <param name="bytes">The pickle, protocol 2 to 5.</param>
internal sealed class Unpickler(byte[] bytes)
{
    private static readonly object None = new(), Mark = new();

    private readonly List<object> stack = [];
    private readonly List<object> memo = [];
    private int at, containers;

    /// <summary>The value of a pickle.</summary>
    /// <exception cref="InvalidDataException">It names something else than tensors and containers, or is
    /// damaged.</exception>
    public static object Read(byte[] bytes) => new Unpickler(bytes).Run();

    private object Run()
    {
        while (true)
        {
            var code = Byte();
            if (code == (byte)'.') return Pop();
            Step(code);
        }
    }

    private void Step(byte code)
    {
        switch (code)
        {
            // PROTO
            case 0x80:
                if (Byte() is var protocol and not (>= 2 and <= 5))
                    throw Wrong($"of protocol {protocol}, which is not 2 to 5"); break;
            case 0x95: Take(8); break; // FRAME
            case (byte)'(': stack.Add(Mark); break;
            case (byte)'N': stack.Add(None); break;
            case 0x88: stack.Add(true); break;
            case 0x89: stack.Add(false); break;
            case (byte)'K': stack.Add((long)Byte()); break;
            case (byte)'M': stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case (byte)'J': stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case 0x8a: stack.Add(Long(Take(Byte()))); break;
            case (byte)'G': stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case (byte)'X': stack.Add(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))))); break;
            case (byte)'T': stack.Add(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))))); break;
            case 0x8c or (byte)'U': stack.Add(Text(Take(Byte()))); break;
            case (byte)'}': stack.Add(Made(new Dictionary<object, object>())); break;
            case (byte)']': stack.Add(Made(new List<object>())); break;
            case (byte)')': stack.Add(Array.Empty<object>()); break;
            case (byte)'t': stack.Add(Made(PopToMark())); break;
            case 0x85 or 0x86 or 0x87: stack.Add(Made(Pop(code - 0x84))); break;
            case (byte)'q': Remember(Byte()); break;
            case (byte)'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 0x94: Remember(memo.Count); break;
            case (byte)'h': stack.Add(Recall(Byte())); break;
            case (byte)'j': stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case (byte)'c': stack.Add(PickleNames.Known(Line(), Line())); break;
            case 0x93: stack.Add(PopName()); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'s': Set(Pop(2)); break;
            case (byte)'u': Set(PopToMark()); break;
            case (byte)'Q': stack.Add(PickleNames.Storage(Pop())); break;
            case (byte)'R': stack.Add(Reduce()); break;
            case (byte)'b': Build(); break;
            default: throw Wrong($"with the instruction 0x{code:x2} at {at - 1}, which no file of tensors has");
        }
    }

    private object Reduce()
    {
        var arguments = Pop();
        return Made(PickleNames.Make(Pop() as PickleName ?? throw Wrong("which calls what is no name"),
            arguments as object[] ?? throw Wrong("which calls with no tuple")));
    }

    // The attributes of an ordered dictionary (the versions of a state dictionary's modules) are of no use here.
    private void Build()
    {
        Pop();
        if (stack is not [.., Dictionary<object, object>]) throw Wrong("which sets the state of what is no dictionary");
    }

    private void Append(object[] items)
    {
        if (stack is not [.., List<object> list]) throw Wrong("which appends to what is no list");
        list.AddRange(items);
    }

    private void Set(object[] items)
    {
        if (stack is not [.., Dictionary<object, object> dictionary] || items.Length % 2 != 0)
            throw Wrong("which sets entries of what is no dictionary");
        for (var i = 0; i < items.Length; i += 2)
            dictionary[items[i] is string or long or double or bool ? items[i]
                : throw Wrong("with a key that is neither text nor number")] = items[i + 1];
    }

    private PickleName PopName()
        => Pop(2) is [string module, string name] ? PickleNames.Known(module, name)
        : throw Wrong("which names something by what is no text");

    private object Pop()
    {
        if (stack.Count == 0 || stack[^1] == Mark) throw Wrong("which takes more than it has put");
        var value = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private object[] Pop(int count)
    {
        var values = new object[count];
        while (count > 0) values[--count] = Pop();
        return values;
    }

    private object[] PopToMark()
    {
        var mark = stack.LastIndexOf(Mark);
        if (mark < 0) throw Wrong("which takes more than it has put");
        var values = stack[(mark + 1)..].ToArray();
        stack.RemoveRange(mark, stack.Count - mark);
        return values;
    }

    // Numbers are given in order, so a list is enough and a number far out is damage.
    private void Remember(long index)
    {
        if (stack.Count == 0 || index > memo.Count) throw Wrong("which remembers out of order");
        if (index == memo.Count) memo.Add(stack[^1]);
        else memo[(int)index] = stack[^1];
    }

    private object Recall(long index)
        => index < memo.Count ? memo[(int)index] : throw Wrong("which recalls what it has not remembered");

    // A container costs some hundred bytes and its instruction one: no file of tensors makes them so densely.
    private object Made(object value)
        => ++containers <= 1000 + bytes.Length / 8 ? value : throw Wrong("which makes more than its bytes can mean");

    private byte Byte() => at < bytes.Length ? bytes[at++] : throw Wrong("which is cut short");

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > bytes.Length - at) throw Wrong("which is cut short");
        at += (int)count;
        return bytes.AsSpan(at - (int)count, (int)count);
    }

    private string Line()
    {
        var length = bytes.AsSpan(at).IndexOf((byte)'\n');
        if (length < 0) throw Wrong("which is cut short");
        var line = Text(Take(length));
        at++;
        return line;
    }

    private static string Text(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    private static long Long(ReadOnlySpan<byte> little)
    {
        if (little.Length > 8) throw Wrong($"with a number of {little.Length} bytes");
        long value = little.Length > 0 && (little[^1] & 0x80) != 0 ? -1 : 0;
        for (var i = little.Length - 1; i >= 0; i--) value = value << 8 | little[i];
        return value;
    }

    internal static InvalidDataException Wrong(string what) => new($"its pickle is one {what}");
}
