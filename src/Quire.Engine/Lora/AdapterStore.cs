using Quire.Models;
using Quire.Tensors;

namespace Quire.Engine;

/// <summary>An adapter under its name. Loading the same name again makes another one, with another id.</summary>
public sealed class Adapter
{
    internal Adapter(string name, string path, int id) => (Name, Path, Id) = (name, path, id);

    public string Name { get; }

    /// <summary>The folder it was loaded from.</summary>
    public string Path { get; }

    /// <summary>Load id, from 1: part of the prefix cache's keys.</summary>
    public int Id { get; }

    internal LoadedAdapter? Weights { get; set; }

    internal DateTime Written { get; init; }

    /// <summary>Requests that began with it and have not ended.</summary>
    internal int Users { get; set; }

    /// <summary>Those of them that no step has run yet.</summary>
    internal int Waiting { get; set; }

    internal long LastUse { get; set; }

    internal bool IsRemoved { get; set; }
}

/// <summary>The adapters of one engine. An adapter that was removed lives on until the last request that began with it has ended; of those that nobody uses, the least
/// recently used give their memory back and are read again when they are asked for.</summary>
/// <param name="load">Reads and packs a folder.</param>
/// <param name="inMemory">Adapters kept in memory at most, those in use not counted out.</param>
/// <param name="maxRank">Largest rank that is accepted.</param>
public sealed class AdapterStore(Func<string, LoadedAdapter> load, int inMemory, int maxRank) : IDisposable
{
    private readonly object gate = new(), loading = new();
    private readonly Dictionary<string, Adapter> byName = [];
    private readonly Dictionary<int, Adapter> byId = [];
    private int lastId;
    private long clock;

    /// <summary>In the order in which they were loaded.</summary>
    public IReadOnlyList<Adapter> All
    {
        get
        {
            lock (gate) return [.. byName.Values.OrderBy(adapter => adapter.Id)];
        }
    }

    /// <summary>Names of the adapters that requests run with, and of those that requests wait for; a replaced one still has its name.</summary>
    public (IReadOnlyList<string> Running, IReadOnlyList<string> Waiting) Traffic
    {
        get
        {
            lock (gate) return (Names(adapter => adapter.Users > adapter.Waiting), Names(adapter => adapter.Waiting > 0));

            string[] Names(Func<Adapter, bool> isWanted) => [.. byId.Values.Where(isWanted).Select(adapter => adapter.Name).Distinct().Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>The adapter that requests of this name get now, or null.</summary>
    public Adapter? Find(string name)
    {
        lock (gate) return byName.GetValueOrDefault(name);
    }

    /// <summary>Loads an adapter.</summary>
    /// <param name="replace">Whether it may take the place of one of that name.</param>
    /// <exception cref="QuireException">The name is taken, or the adapter is refused; nothing has changed then.</exception>
    public Adapter Add(string name, string path, bool replace = false)
    {
        if (!replace && Find(name) is not null) throw Taken(name);
        LoadedAdapter weights = Load(path);
        lock (gate)
        {
            if (byName.TryGetValue(name, out Adapter? old))
            {
                if (!replace)
                {
                    weights.Dispose();
                    throw Taken(name);
                }
                Retire(old);
            }
            var adapter = new Adapter(name, path, ++lastId) { Weights = weights, LastUse = ++clock, Written = LastWrite(path) };
            (byName[name], byId[adapter.Id]) = (adapter, adapter);
            Evict();
            return adapter;
        }
    }

    /// <summary>Takes a name away; requests that began with it go on.</summary>
    /// <returns>False where there is no such name.</returns>
    public bool Remove(string name)
    {
        lock (gate)
        {
            if (!byName.Remove(name, out Adapter? adapter)) return false;
            Retire(adapter);
            return true;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (Adapter adapter in byId.Values) adapter.Weights?.Dispose();
            byId.Clear();
            byName.Clear();
        }
    }

    /// <summary>A request begins with it. Reads it again if its memory was given back.</summary>
    /// <exception cref="QuireException">It was removed meanwhile, or its files have changed or gone.</exception>
    internal void Acquire(int id)
    {
        Adapter? adapter;
        lock (gate)
        {
            if (!byId.TryGetValue(id, out adapter) || adapter.IsRemoved) throw new QuireException(ErrorKind.NotFound, "The adapter was unloaded.", param: "model");
            adapter.Users++;
            adapter.Waiting++;
            adapter.LastUse = ++clock;
            if (adapter.Weights is not null) return;
        }
        try
        {
            lock (loading)
            {
                if (adapter.Weights is not null) return;
                // The id stands for what was loaded: keys and values that other requests left belong to it.
                if (LastWrite(adapter.Path) != adapter.Written) throw QuireException.BadFile(adapter.Path, $"has changed since adapter {adapter.Name} was loaded; load it again");
                LoadedAdapter weights = load(adapter.Path);
                lock (gate)
                {
                    adapter.Weights = weights;
                    Evict();
                }
            }
        }
        catch
        {
            Release(id, hasRun: false);
            throw;
        }
    }

    /// <summary>A request that waited with it runs.</summary>
    internal void Started(int id)
    {
        lock (gate)
            if (byId.TryGetValue(id, out Adapter? adapter)) adapter.Waiting--;
    }

    /// <summary>A request that began with it has ended; no step that names it runs any more.</summary>
    internal void Release(int id, bool hasRun)
    {
        lock (gate)
        {
            if (!byId.TryGetValue(id, out Adapter? adapter)) return;
            adapter.Users--;
            if (!hasRun) adapter.Waiting--;
            if (adapter is { IsRemoved: true, Users: 0 }) Drop(adapter);
            Evict();
        }
    }

    /// <summary>The weights of an adapter in use.</summary>
    internal LoadedAdapter Weights(int id)
    {
        lock (gate) return byId[id].Weights!;
    }

    private LoadedAdapter Load(string path)
    {
        lock (loading)
        {
            LoadedAdapter weights = load(path);
            if (weights.MaxRank <= maxRank) return weights;
            weights.Dispose();
            throw new QuireException(ErrorKind.InvalidRequest, $"LoRA rank {weights.MaxRank} is greater than max_lora_rank {maxRank}.", param: "max-lora-rank");
        }
    }

    private void Retire(Adapter adapter)
    {
        adapter.IsRemoved = true;
        if (adapter.Users == 0) Drop(adapter);
    }

    private void Drop(Adapter adapter)
    {
        byId.Remove(adapter.Id);
        adapter.Weights?.Dispose();
        adapter.Weights = null;
    }

    private void Evict()
    {
        while (byId.Values.Count(adapter => adapter.Weights is not null) > inMemory)
        {
            if (byId.Values.Where(adapter => adapter is { Users: 0, Weights: not null }).MinBy(adapter => adapter.LastUse) is not { } idle) return;
            idle.Weights!.Dispose();
            idle.Weights = null;
        }
    }

    private static DateTime LastWrite(string path) => Directory.GetFiles(path, "adapter_*").Select(File.GetLastWriteTimeUtc).DefaultIfEmpty().Max();

    private static QuireException Taken(string name) => new(ErrorKind.InvalidRequest, $"The lora adapter '{name}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.", "adapter_exists");
}
