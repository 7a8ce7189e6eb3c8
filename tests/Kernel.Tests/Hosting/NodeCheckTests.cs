using System.Text.Json;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Hosting.Nodes;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Checks of a node against trees like /proc and /sys that say what is wrong with it.</summary>
[Collection(ProcessWide.Name)]
public sealed class NodeCheckTests
{
    private const string Cpu = "sys/devices/system/cpu", Card = "sys/class/net/eth0", Port = "sys/class/infiniband/mlx5_0/ports/1";

    // A node without a fault: two cores, a disk, a card, InfiniBand, a memory controller, one process.
    private static readonly Dictionary<string, string> sound = new()
    {
        ["proc/mounts"] = "/dev/sda1 / ext4 rw,relatime 0 0\nserver:/home /home nfs4 rw 0 0\nproc /proc proc rw 0 0\n/dev/loop0 /opt/image squashfs ro 0 0\n",
        ["proc/meminfo"] = "MemTotal:       65000000 kB\nMemFree: 1 kB\n",
        ["proc/uptime"] = "90000.00 1.0\n",
        ["proc/sys/kernel/hostname"] = "n1\n",
        ["proc/7/stat"] = "7 (a (b) c) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0\n",
        ["proc/8/stat"] = "8 (rank) S 7 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 600 0 0\n",
        ["proc/8/environ"] = "A=1\0INTERACTIVE_STARTER=n1/7/500\0",
        ["etc/fstab"] = "# devices\n/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /data ext4 ro 0 1\n",
        [$"{Cpu}/online"] = "0-1\n", [$"{Cpu}/present"] = "0-1\n",
        [$"{Cpu}/cpu0/thermal_throttle/core_throttle_count"] = "5\n",
        ["sys/devices/system/edac/mc/mc0/ue_count"] = "0\n", ["sys/devices/system/edac/mc/mc0/ce_count"] = "40\n",
        [$"{Card}/device/vendor"] = "0x15b3\n", [$"{Card}/carrier"] = "1\n", [$"{Card}/statistics/rx_packets"] = "1000000\n", [$"{Card}/statistics/rx_errors"] = "3\n",
        ["sys/class/net/spare/device/vendor"] = "0x15b3\n", ["sys/class/net/spare/carrier"] = "0\n",
        [$"{Port}/state"] = "4: ACTIVE\n", [$"{Port}/counters/link_downed"] = "1\n", [$"{Port}/counters/symbol_error"] = "0\n",
        ["var/log/dmesg"] = "[    0.000000] Linux version 6.1\n[   10.5] Memory cgroup out of memory: Killed process 9 (python)\n[   11.0] Out of memory: Killed process 9 (python)\n[   12.0] NVRM: Xid (PCI:0000:3b:00): 31, pid=1, name=python\n",
    };

    private static void Write(TemporaryFolder folder, IEnumerable<KeyValuePair<string, string>> files)
    {
        foreach (var (name, text) in files) folder.Write(name, text);
    }

    private static IReadOnlyList<Finding> Examine(TemporaryFolder folder, NodeHistory? history = null)
        => NodeExamination.Of(new(folder.Path, history ?? NodeHistory.Open(null)) { Expected = (2, 60L << 30, null), Space = _ => new(1000, 500, 0, 0) }, isActive: false);

    [Fact]
    public void A_sound_node_is_fit()
    {
        using var folder = new TemporaryFolder();
        Write(folder, sound);
        Assert.Empty(Examine(folder));
    }

    [Theory]
    [InlineData("read-only", 2, "proc/mounts", "/dev/sda1 / ext4 ro,relatime 0 0\n")]
    [InlineData("memory", 2, "proc/meminfo", "MemTotal:       32000000 kB\n")]
    [InlineData("cores", 2, $"{Cpu}/online", "0\n")]
    [InlineData("cores", 1, $"{Cpu}/present", "0-3\n")]
    [InlineData("memory-errors", 2, "sys/devices/system/edac/mc/mc0/ue_count", "2\n")]
    [InlineData("kernel-log", 2, "var/log/dmesg", "[  5.0] blk_update_request: I/O error, dev sda, sector 5\n[  6.0] blk_update_request: I/O error, dev sda, sector 99\n")]
    [InlineData("kernel-log", 2, "var/log/dmesg", "[  5.0] NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus.\n")]
    [InlineData("kernel-log", 2, "var/log/dmesg", "[  5.0] {1}[Hardware Error]: event severity: fatal\n")]
    [InlineData("kernel-log", 1, "var/log/dmesg", "[  5.0] {1}[Hardware Error]: event severity: corrected\n")]
    [InlineData("kernel-log", 1, "var/log/dmesg", "[  89000.0] Out of memory: Killed process 9 (python)\n")]
    [InlineData("kernel-log", 1, "var/log/dmesg", "[  5.0] INFO: task dd:1 blocked for more than 120 seconds.\n")]
    [InlineData("orphans", 1, "proc/8/environ", "INTERACTIVE_STARTER=n1/7/499\0")]
    [InlineData("orphans", 1, "proc/8/environ", "INTERACTIVE_STARTER=n1/70/500\0")]
    [InlineData("gpu", 2, "proc/driver/nvidia/version", "550\n")] // and no answer of nvidia-smi
    public void A_fault_is_found_by_its_check_alone(string check, int fitness, string file, string text)
    {
        using var folder = new TemporaryFolder();
        Write(folder, sound);
        folder.Write(file, text);
        var finding = Assert.Single(Examine(folder));
        Assert.Equal((check, fitness), (finding.Check, (int)finding.Fitness));
        Assert.StartsWith($"interactive: {check}: ", finding.ToString());
    }

    // Counters run from the start of the machine: what they were at the first check is no news.
    [Theory]
    [InlineData("heat", 1, $"{Cpu}/cpu0/thermal_throttle/core_throttle_count", "6\n")]
    [InlineData("memory-errors", 1, "sys/devices/system/edac/mc/mc0/ce_count", "400\n")]
    [InlineData("network", 1, $"{Card}/statistics/rx_errors", "13\n")]
    [InlineData("network", 2, $"{Card}/carrier", "0\n")]
    [InlineData("infiniband", 2, $"{Port}/state", "1: DOWN\n")]
    [InlineData("infiniband", 1, $"{Port}/counters/link_downed", "2\n")]
    [InlineData("infiniband", 1, $"{Port}/counters/symbol_error", "5000\n")]
    public void What_has_come_since_the_last_check_is_found(string check, int fitness, string file, string text)
    {
        using var folder = new TemporaryFolder();
        var kept = Path.Combine(folder.Path, "history.json");
        Write(folder, sound);
        NodeHistory Open() => NodeHistory.Open(kept);
        var first = Open();
        Assert.Empty(Examine(folder, first));
        first.Save();
        folder.Write(file, text);
        var second = Open();
        var finding = Assert.Single(Examine(folder, second));
        Assert.Equal((check, fitness), (finding.Check, (int)finding.Fitness));
        second.Save();
        Assert.Equal(fitness == 2 ? 1 : 0, Examine(folder, Open()).Count); // a link that is gone stays gone
    }

    [Theory]
    [InlineData(40, 0, 1, "disk")]
    [InlineData(5, 0, 2, "disk")]
    [InlineData(500, 30, 1, "inodes")]
    public void A_full_disk_is_found(long free, long inodes, int fitness, string check)
    {
        using var folder = new TemporaryFolder();
        Write(folder, sound);
        var node = new Node(folder.Path, NodeHistory.Open(null)) { Space = path => path == "/" ? new(1000, free, inodes == 0 ? 0 : 1000, inodes) : new(1000, 500, 0, 0) };
        var finding = Assert.Single(NodeExamination.Of(node, isActive: false));
        Assert.Equal((check, fitness), (finding.Check, (int)finding.Fitness));
        Assert.StartsWith("/ has ", finding.Text);
    }

    [Fact]
    public void A_server_that_does_not_answer_holds_up_no_other_check()
    {
        using var folder = new TemporaryFolder();
        Write(folder, sound);
        folder.Write($"{Cpu}/online", "0\n");
        var node = new Node(folder.Path, NodeHistory.Open(null))
        {
            Expected = (2, null, null),
            Space = path => path == "/home" ? throw new TimeoutException() : new(1000, 500, 0, 0),
        };
        Assert.Equal(["/home (server:/home) does not answer", "1 of the 2 that are expected"], NodeExamination.Of(node, isActive: false).Select(f => f.Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_check_that_hangs_or_fails_is_a_finding()
    {
        using var never = new ManualResetEventSlim();
        var node = new Node("/", NodeHistory.Open(null));
        var findings = NodeExamination.Run(node,
            [("hung", _ => { never.Wait(); return []; }), ("broken", _ => throw new IOException("no such luck"))], TimeSpan.FromMilliseconds(300));
        never.Set();
        Assert.Equal(["interactive: hung: the check has not ended within 0.3 s", "interactive: broken: the check failed: no such luck"], findings.Select(f => f.ToString()));
        Assert.Throws<TimeoutException>(() => NodeTool.Run(TimeSpan.FromMilliseconds(200), "sleep", "60"));
        Assert.Null(NodeTool.Run(TimeSpan.FromSeconds(5), "no-such-program"));
    }

    [Fact]
    public void Files_in_shared_memory_that_nobody_uses_are_found()
    {
        using var folder = new TemporaryFolder();
        Write(folder, sound);
        foreach (var name in new[] { "left", "used", "fresh" })
        {
            using (var file = File.Create(folder.Write($"dev/shm/{name}", ""))) file.SetLength(2L << 30); // of holes
            if (name != "fresh") File.SetLastWriteTimeUtc(Path.Combine(folder.Path, "dev/shm", name), DateTime.UtcNow.AddHours(-1));
        }
        folder.Write("proc/7/maps", "7f00-7f01 rw-s 00000000 00:17 5                          /dev/shm/used\n");
        Assert.Equal("1 files in /dev/shm that nobody uses hold 2.0 GiB", Assert.Single(Examine(folder)).Text);
    }

    // In the shape that NVIDIA's driver writes; no driver was at hand.
    [Theory]
    [InlineData("<ecc_errors><volatile><sram_uncorrectable_parity>0</sram_uncorrectable_parity><dram_uncorrectable>2</dram_uncorrectable></volatile><aggregate><dram_uncorrectable>9</dram_uncorrectable></aggregate></ecc_errors>", "2 uncorrected")]
    [InlineData("<ecc_errors><volatile><double_bit><total>3</total></double_bit></volatile></ecc_errors>", "3 uncorrected")]
    [InlineData("<remapped_rows><remapped_row_pending>Yes</remapped_row_pending></remapped_rows>", "needs a reset")]
    [InlineData("<remapped_rows><remapped_row_failure>Yes</remapped_row_failure></remapped_rows>", "no spare rows")]
    [InlineData("<clocks_event_reasons><clocks_event_reason_hw_thermal_slowdown>Active</clocks_event_reason_hw_thermal_slowdown></clocks_event_reasons>", "slowed down")]
    public void Faults_of_a_GPU(string xml, string says)
    {
        string Answer(string part) => $"<?xml version=\"1.0\" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM \"nvsmi_device_v12.dtd\">\n<nvidia_smi_log><gpu id=\"00000000:3B:00.0\">{part}</gpu></nvidia_smi_log>";
        Assert.Empty(GpuCheck.Read(Answer("<ecc_errors><volatile><dram_uncorrectable>N/A</dram_uncorrectable></volatile></ecc_errors>"), 1));
        Assert.Contains(says, Assert.Single(GpuCheck.Read(Answer(xml), 1)).Text);
        Assert.Contains("1 of the 2", GpuCheck.Read(Answer(xml), 2).First().Text);
    }

    [Fact]
    public void A_speed_is_compared_with_the_nodes_own()
    {
        var history = NodeHistory.Open(null);
        foreach (var speed in new[] { 100.0, 10, 102, 98 }) // too few before to judge by
            Assert.Null(ActiveChecks.Judge(history, "matrix product", "GF/s", speed));
        Assert.Null(ActiveChecks.Judge(history, "matrix product", "GF/s", 75));
        Assert.Contains("matrix product 60 GF/s", ActiveChecks.Judge(history, "matrix product", "GF/s", 60)!.Text);
    }

    [Fact]
    public void The_command_says_it_by_exit_code_and_json()
    {
        using var folder = new TemporaryFolder();
        Write(folder, sound);
        folder.Write("proc/mounts", "");
        (int Exit, string Out, string Error) Check(params string[] more) => CapturedConsole.Run(() => InteractiveTool.Run(["node", "check", "--root", folder.Path, .. more]));
        Assert.Equal((0, "fit (13 checks)\n"), (Check().Exit, Check().Out));
        Assert.Equal("fit", JsonDocument.Parse(Check("--json").Out).RootElement.GetProperty("fitness").GetString());
        var (exit, output, _) = Check("--memory", "128GiB", "--cores", "2");
        Assert.Equal((2, "interactive: memory: 62.0 GiB of the 128.0 GiB that are expected\n"), (exit, output));
        Assert.Equal("ERROR:  nhc:  Health check failed:  interactive: memory: 62.0 GiB of the 128.0 GiB that are expected\n", Check("--memory", "128GiB", "--nhc").Out);
        folder.Write($"{Cpu}/present", "0-3\n");
        Assert.Equal((1, "interactive: cores: 2 of 4 are on\n"), (Check().Exit, Check().Out));
        Assert.Equal(2, Check("--drain").Exit);
        Assert.Contains("there is no proc in it", CapturedConsole.Run(() => InteractiveTool.Run(["node", "check", "--root", Path.Combine(folder.Path, "sys")])).Error);
    }
}
