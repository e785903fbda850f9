"""Lists real cities for the demo: centres (WGS-84 degrees) and populations.

Populations are residents of the 2020 census in millions, rounded; centres are the seats of the city governments, to
about a kilometre.
"""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A city, with its people in millions, and how far from its centre they live (one standard deviation)."""

    adcode: str
    name: str
    longitude: float
    latitude: float
    millions: float
    spread_km: float


PEARL_RIVER_DELTA = (
    City("440300", "深圳 Shenzhen", 114.0579, 22.5431, 17.6, 18),
    City("440100", "广州 Guangzhou", 113.2644, 23.1291, 18.7, 22),
    City("441900", "东莞 Dongguan", 113.7518, 23.0207, 10.5, 16),
    City("440600", "佛山 Foshan", 113.1214, 23.0215, 9.5, 16),
    City("441300", "惠州 Huizhou", 114.4161, 23.1115, 6.0, 25),
    City("442000", "中山 Zhongshan", 113.3926, 22.5176, 4.4, 12),
    City("440700", "江门 Jiangmen", 113.0815, 22.5789, 4.8, 25),
    City("440400", "珠海 Zhuhai", 113.5767, 22.2707, 2.4, 10),
    City("441200", "肇庆 Zhaoqing", 112.4651, 23.0469, 4.1, 30),
    City("441800", "清远 Qingyuan", 113.0560, 23.6817, 4.0, 35),
    City("441500", "汕尾 Shanwei", 115.3751, 22.7862, 2.7, 25),
    City("441600", "河源 Heyuan", 114.7004, 23.7434, 2.8, 30),
)

FAR_AWAY = (
    City("110000", "北京 Beijing", 116.4074, 39.9042, 21.9, 25),
    City("310000", "上海 Shanghai", 121.4737, 31.2304, 24.9, 22),
    City("500000", "重庆 Chongqing", 106.5516, 29.5630, 32.1, 60),
    City("510100", "成都 Chengdu", 104.0668, 30.5728, 20.9, 25),
    City("610100", "西安 Xi'an", 108.9398, 34.3416, 13.0, 20),
    City("420100", "武汉 Wuhan", 114.3054, 30.5931, 12.3, 20),
    City("330100", "杭州 Hangzhou", 120.1551, 30.2741, 11.9, 22),
    City("450100", "南宁 Nanning", 108.3669, 22.8170, 8.7, 25),
    City("350200", "厦门 Xiamen", 118.0894, 24.4798, 5.2, 12),
    City("230100", "哈尔滨 Harbin", 126.5349, 45.8038, 10.0, 35),
)

NEAR_SHARE = 0.8
"""The share of people who live near the alert, so that it finds many; the others must not be notified."""
