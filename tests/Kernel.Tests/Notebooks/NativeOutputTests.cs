using System.Runtime.InteropServices;
using System.Text;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Notebooks;

[Collection(ProcessWide.Name)]
public sealed class NativeOutputTests
{
    [DllImport("libc")] private static extern int puts(string line);
    [DllImport("libc")] private static extern nint write(int descriptor, byte[] data, nint count);

    [Fact]
    public void WhatChildrenAndNativeCodeWrite_IsTakenInOrder()
    {
        var text = new StringBuilder();
        using (var output = new NativeOutput(1, piece => { lock (text) text.Append(piece); }))
        {
            void Wait() => output.Drain();
            System.Diagnostics.Process.Start("echo", "from a child").WaitForExit();
            Wait();
            puts("from C");
            Wait();
            var euro = Encoding.UTF8.GetBytes("€\n");
            foreach (var b in euro)
            {
                write(1, [b], 1);
                Wait();
            }
            write(1, "W: Could not initialize NNPACK! Reason\n"u8.ToArray(), 39);
        }
        Assert.Equal("from a child\nfrom C\n€\n", text.ToString());
    }

    // The process ends before its own thread could read the pipe.
    [Fact]
    [Trait("Speed", "slow")]
    public async Task TheRuntimesLastWords_AreNotLost()
    {
        using var folder = new TemporaryFolder();
        var (exit, _,
            error) = await Hosting.InteractiveProcess.Run("run",
            folder.Write("a.dib", "#!csharp\n\nEnvironment.FailFast(\"my last words\");\n"));
        Assert.Equal(134, exit);
        Assert.Contains("my last words", error);
    }
}
