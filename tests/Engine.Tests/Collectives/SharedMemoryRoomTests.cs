using Interactive.Collectives;

namespace Interactive.Engine.Tests.Collectives;

public sealed class SharedMemoryRoomTests
{
    [SkippableFact]
    public void WhatDoesNotFit_IsToldBefore()
    {
        Skip.IfNot(Directory.Exists("/dev/shm"), "this machine has no /dev/shm");
        SharedMemoryRoom.Require(1, isFirst: true);
        var error = Assert.Throws<UsageException>(() => SharedMemoryRoom.Require(1L << 60, isFirst: true));
        Assert.StartsWith("too little shared memory in /dev/shm: ", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public unsafe void MemoryThatIsThere_IsTaken()
    {
        var bytes = 1 << 20;
        var memory = (byte*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        SharedMemoryRoom.Take(memory, bytes);
        memory[bytes - 1] = 3;
        System.Runtime.InteropServices.NativeMemory.AlignedFree(memory);
    }
}
