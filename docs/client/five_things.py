# %% [markdown]
# # Five things that a data scientist tries first
#
# Cells of a notebook, run from top to bottom against the demo (`./run demo`): open this file in any editor that knows `# %%`, or run it as a program.
#
#     pip install httpx2 pandas pyarrow
#     python five_things.py http://127.0.0.1:8000

# %%
import sys
from itertools import islice

import pandas as pd
from timeline_client import Client

url = next((one for one in sys.argv[1:] if one.startswith("http")), "http://127.0.0.1:8000")
timeline = Client(url)
evening = {"at": "2024-12-02T12:00:00Z", "known_at": "2024-12-02T18:00:00Z", "view": "published"}

# %% [markdown]
# ## 1. Who held a place, as it was known that evening; and why

# %%
hama = timeline.explain("sy-hama", **evening)
print(hama["sentence"])
for claim in hama["claims"]:
    print(f"  {claim['part']:<45} {claim['standing']:<13} {claim['summary'][:70]}")

# %% [markdown]
# ## 2. The map as a table: places by who holds them

# %%
places = timeline.status_frame(**evening)
print(places[places["holders"].notna()].groupby("holders").size().rename("places"))

# %% [markdown]
# ## 3. How a belief lived and died: every rectangle of both times
# A false report is a rectangle that ends on the known axis.

# %%
beliefs = timeline.beliefs_frame(view="published", within="sy-hama")
pending = beliefs[beliefs["pending_mode"].notna() & beliefs["known_until"].notna()]
lived = pending.assign(lived=pending["known_until"] - pending["known_from"])
print(
    lived[["valid_from", "known_from", "known_until", "lived", "pending_holders", "pending_standing"]]
    .head(8)
    .to_string()
)

# %% [markdown]
# ## 4. What was said, by kind and standing

# %%
developments = timeline.developments_frame(view="published", limit=200)
print(pd.crosstab(developments["kind"], developments["standing"]))

# %% [markdown]
# ## 5. What changed, in the order in which it became known; and the log itself

# %%
for change in islice(timeline.replay(place="sy-hama", view="published"), 6):
    print(change["known_at"], change["words"])
days = pd.Series([pd.Timestamp(one["recorded_at"]) for one in timeline.events()]).dt.date.value_counts()
print(f"{days.sum()} events recorded on {len(days)} days; the newest checkpoint:")
print(timeline.checkpoint().splitlines()[1:3])
