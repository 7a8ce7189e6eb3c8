using Interactive.Kernel.Fuzzing;
using Interactive.Kernel.Fuzzing.Targets;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Training;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Readers against damaged files; more by <c>interactive fuzz</c>.</summary>
[Collection(ProcessWide.Name)]
public sealed class FuzzTests
{
    private const int Mutants = 2000;

    public static TheoryData<string> Readers => [.. TargetList.All.Select(t => t.Name)];

    [Theory]
    [Trait("Speed", "slow")]
    [MemberData(nameof(Readers))]
    public void DamagedFiles_AreReadOrRefused(string reader)
    {
        using var folder = new TemporaryFolder();
        var result = Fuzzer.Run(TargetList.Find(reader), folder.Path, Mutants, seed: 1);
        Assert.True(result.Faults.Count == 0,
            $"{result.Faults.Count} faults\n{string.Join('\n', result.Faults.Take(10))}");
        Assert.Equal(Mutants, result.Accepted + result.Refused);
    }

    [Fact]
    public void AMutant_FollowsFromSeedAndNumber()
    {
        var whole = "{ \"a\": [1, 2, 3] }"u8.ToArray();
        Assert.Equal(Mutation.Of(whole, 1, 7), Mutation.Of(whole, 1, 7));
        Assert.True(Enumerable.Range(0, 200).Select(i => Convert.ToHexString(Mutation.Of(whole, 1, i))).Distinct()
            .Count() > 150);
        Assert.NotEqual(Enumerable.Range(0, 20).SelectMany(i => Mutation.Of(whole, 1, i)),
            Enumerable.Range(0, 20).SelectMany(i => Mutation.Of(whole, 2, i)));
    }

    // Kernels do not compare the lengths of what they are given.
    [Fact]
    public void ACheckpoint_WhoseStateHasAnotherShape_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var target = new CheckpointTarget();
        var path = target.Write(folder.Path);
        var (tensors, texts) = Safetensors.Read(path);
        var key = tensors.First(t => t.Key.StartsWith("optimizer.", StringComparison.Ordinal) && t.Value.numel() > 1)
            .Key;
        tensors[key].Dispose();
        tensors[key] = TorchSharp.torch.ones(1);
        using (var file = File.Create(path)) Safetensors.Write(file, tensors, texts);
        File.WriteAllBytes(path, target.Seal(File.ReadAllBytes(path)));
        Assert.Contains("begin anew", Assert.Throws<UsageException>(() => target.Read(path)).Message);
    }

    // What the fuzzer is to find, found.
    [Theory]
    [InlineData("throw", "InvalidOperationException")]
    [InlineData("lines", "refused in 2 lines")]
    [InlineData("memory", "bytes were allocated for a file of")]
    public void WhatMustNotBe_IsAFault(string kind, string told)
    {
        using var folder = new TemporaryFolder();
        var result = Fuzzer.Run(new Careless(kind), folder.Path, 50, seed: 1);
        Assert.Contains(result.Faults, fault => fault.Contains(told, StringComparison.Ordinal));
    }

    private sealed class Careless(string kind) : IFuzzTarget
    {
        public string Name => "careless";

        public string Write(string folder)
        {
            var path = Path.Combine(folder, "file");
            File.WriteAllText(path, "1234");
            return path;
        }

        public void Read(string path)
        {
            if (File.ReadAllText(path) == "1234") return;
            if (kind == "throw") throw new InvalidOperationException("raw");
            if (kind == "lines") throw new InvalidDataException("one\ntwo");
            GC.KeepAlive(new byte[1 << 20]);
        }
    }
}
