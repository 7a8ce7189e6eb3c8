namespace Interactive.Memory;

/// <summary>
/// Blocks of bytes and who owns them: a block lives until its last owner lets go. What is alive, by what holds it, and
/// the most at one instant of a step.
/// </summary>
/// <param name="valueBytes">By value.</param>
internal sealed class BlockAccount(long[] valueBytes)
{
    /// <summary>The graph's input, which is the caller's: it costs nothing and nobody frees it.</summary>
    public const int Callers = -2;
    /// <summary>No block.</summary>
    public const int None = -1;

    private long[] bytes = new long[256];
    private int[] owners = new int[256];
    private bool[] isGradient = new bool[256];
    private int[]?[] lists = new int[256][];
    private BlockLife[] births = new BlockLife[256];
    private int count, now;
    private long values, saved, gradients, workspace, underWorkspace, watched = long.MaxValue;

    /// <summary>Bytes alive.</summary>
    public long Live { get; private set; }
    /// <summary>The most bytes alive since the step began.</summary>
    public long StepPeak { get; private set; }
    /// <summary>Receives the life of each block that is freed, when given.</summary>
    public List<BlockLife>? Lives { get; set; }

    /// <summary>What was alive when the bytes first reached those asked for.</summary>
    public Holding? Held { get; private set; }

    /// <summary>Asks for what is alive when the bytes, workspace included, first reach a number.</summary>
    public void Watch(long bytes) => (watched, Held) = (bytes, null);

    /// <summary>What is alive at one instant.</summary>
    /// <param name="Blocks">Of values and gradients; they have not died.</param>
    /// <param name="Saved">Bytes that graphs and generators keep.</param>
    /// <param name="Workspace">Of the kernel that runs.</param>
    public sealed record Holding(IReadOnlyList<BlockLife> Blocks, long Saved, long Workspace);

    private void Reach(long workspace)
    {
        if (Live + workspace < watched) return;
        watched = long.MaxValue;
        Held = new([.. Enumerable.Range(0, count).Where(b => owners[b] > 0 && lists[b] is null).Select(b => births[b])],
            saved, workspace);
    }

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        count = 0;
        values = saved = gradients = Live = 0;
    }

    /// <summary>The next step, or another part of it.</summary>
    public void BeginStep(int step)
    {
        now = step;
        StepPeak = Live;
        workspace = underWorkspace = 0;
    }

    /// <summary>Makes a block for the data or the gradient of a value; its maker is its owner.</summary>
    public int New(int value, bool gradient, bool isAgain = false)
    {
        if (count == bytes.Length) Grow();
        var size = valueBytes[value];
        bytes[count] = size;
        owners[count] = 1;
        lists[count] = null;
        isGradient[count] = gradient;
        births[count] = new(value, gradient, isAgain, size, now, 0);
        if (gradient) gradients += size;
        else values += size;
        count++;
        Raise(size);
        return count - 1;
    }

    /// <summary>Makes a block without bytes that owns others; its maker is its owner.</summary>
    public int List(int[] of)
    {
        if (count == bytes.Length) Grow();
        foreach (var block in of) Own(block);
        (bytes[count], owners[count], isGradient[count], lists[count]) = (0, 1, false, of);
        return count++;
    }

    private void Grow()
    {
        Array.Resize(ref lists, 2 * count);
        Array.Resize(ref bytes, 2 * count);
        Array.Resize(ref owners, 2 * count);
        Array.Resize(ref isGradient, 2 * count);
        Array.Resize(ref births, 2 * count);
    }

    /// <summary>One more owner.</summary>
    public int Own(int block)
    {
        if (block >= 0) owners[block]++;
        return block;
    }

    /// <summary>True while several own a block.</summary>
    public bool IsShared(int block) => owners[block] > 1;

    /// <summary>Bytes that go when this owner lets go.</summary>
    public long FreedBy(int block)
    {
        if (block < 0 || owners[block] > 1) return 0;
        var sum = bytes[block];
        foreach (var piece in lists[block] ?? []) sum += FreedBy(piece);
        return sum;
    }

    /// <summary>One owner fewer, who holds it in a variable.</summary>
    public void Release(ref int holder)
    {
        Release(holder);
        holder = None;
    }

    /// <summary>One owner fewer.</summary>
    public void Release(int block)
    {
        if (block < 0 || --owners[block] > 0) return;
        if (lists[block] is { } list)
        {
            foreach (var piece in list) Release(piece);
            return;
        }
        Lives?.Add(births[block] with { Death = now });
        Live -= bytes[block];
        if (isGradient[block]) gradients -= bytes[block];
        else values -= bytes[block];
    }

    /// <summary>What is still alive dies with this step.</summary>
    public void End(int step)
    {
        for (var block = 0; block < count; block++)
            if (owners[block] > 0 && lists[block] is null) Lives?.Add(births[block] with { Death = step });
    }

    /// <summary>More bytes (or fewer) that autograd graphs and generators keep.</summary>
    public void Save(long size)
    {
        saved += size;
        Raise(size);
    }

    /// <summary>Bytes that a kernel asks for and gives back.</summary>
    public void Transient(long size)
    {
        workspace += size;
        underWorkspace = Live;
        if (Live + size <= StepPeak) return;
        StepPeak = Live + size;
        Reach(size);
    }

    private void Raise(long size)
    {
        Live += size;
        if (Live <= StepPeak) return;
        StepPeak = Live;
        Reach(0);
    }

    /// <summary>The step as it stands.</summary>
    public TimelinePoint Point(int step)
        => new(step, StepPeak, values, saved, gradients, workspace) { BytesUnderWorkspace = underWorkspace };
}
