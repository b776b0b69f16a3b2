"""Table of the default certificates of appliances with an administration page of their own.

Each row names the public source.
"""

from __future__ import annotations

from chainlib.judge.default_rows import DefaultCertificate, DefaultKind, rows

_appliance = rows(DefaultKind.APPLIANCE)
_VMWARE = (
    "https://docs.vmware.com/en/VMware-vSphere/7.0/com.vmware.vsphere.security.doc/"
    "GUID-4D658104-1D80-441D-B6BA-4CBBCD0EDD3C.html"
)
_SYNOLOGY = "https://kb.synology.com/en-global/DSM/help/DSM/AdminCenter/connection_certificate"
_FORTINET = (
    "https://docs.fortinet.com/document/fortigate/latest/administration-guide/499047/"
    "using-the-default-certificate-for-https-administrative-access"
)
_TRUENAS = (
    "https://www.truenas.com/docs/scale/scaleuireference/credentials/certificates/"
    "certificatesscreensscale/"
)
_LEARN = "https://learn.microsoft.com"
_HPE = (
    "https://servermanagementportal.ext.hpe.com/docs/redfishservices/ilos/supplementdocuments/"
    "securityservice"
)
# A public collection of the certificates of devices, at one commit, so that line numbers stay
# valid.
_RECOG = "https://github.com/rapid7/recog/blob/14fa1a7211e7fb5707c7a1b421a07d6c2cf4eec5/xml"


def _subject(line: int) -> str:
    return f"{_RECOG}/x509_subjects.xml#L{line}"


APPLIANCES: tuple[DefaultCertificate, ...] = (
    _appliance("Synology DSM", _SYNOLOGY, issuer_cn="synology*", o="synology*"),
    _appliance("Synology DSM", _SYNOLOGY, issuer_cn="synology inc. ca"),
    _appliance("Synology DSM", _SYNOLOGY, cn="synology*", o="synology*"),
    _appliance("a QNAP NAS", _subject(486), o="qnap*"),
    _appliance("a QNAP NAS", _subject(486), cn="qnap nas"),
    _appliance("UniFi", _subject(955), cn="unifi"),
    _appliance("UniFi", _subject(955), cn="unifi.local"),
    _appliance("UniFi", _subject(955), ou="unifi"),
    _appliance("a Ubiquiti router", _subject(944), o="ubiquiti*"),
    _appliance(
        "Proxmox VE", "https://pve.proxmox.com/wiki/Certificate_Management", ou="pve cluster node"
    ),
    _appliance(
        "Proxmox VE",
        "https://pve.proxmox.com/wiki/Certificate_Management",
        issuer_o="pve cluster manager ca",
    ),
    _appliance(
        "Proxmox Backup Server",
        "https://pbs.proxmox.com/docs/certificate-management.html",
        o="proxmox backup server*",
    ),
    _appliance(
        "VMware ESXi",
        _VMWARE,
        ou="vmware es* default certificate",
    ),
    _appliance(
        "VMware",
        _VMWARE,
        cn="vmware default certificate",
    ),
    _appliance(
        "VMware ESXi",
        _VMWARE,
        issuer_o="vmware installer",
    ),
    _appliance(
        "VMware",
        _VMWARE,
        ou="vmware engineering",
    ),
    _appliance(
        "VMware",
        _VMWARE,
        email="*certificates@vmware.com",
    ),
    _appliance("HPE iLO", _HPE, issuer_cn="*ilo default issuer*"),
    _appliance("Dell iDRAC", _subject(157), ou="remote access group"),
    _appliance("Dell iDRAC", _subject(169), cn="idrac*", o="dell*"),
    _appliance("FortiGate", _FORTINET, o="fortinet*"),
    _appliance("pfSense", "https://docs.netgate.com/pfsense/en/latest/certificates/", o="pfsense*"),
    _appliance("OPNsense", "https://docs.opnsense.org/manual/certificates.html", o="opnsense*"),
    _appliance(
        "OPNsense",
        "https://docs.opnsense.org/manual/certificates.html",
        names="opnsense.localdomain opnsense.internal",
    ),
    _appliance(
        "SonicWall",
        "https://help.sonicwall.com/help/sw/eng/6800/26/2/3/content/System_Administration.021.07.htm",
        ou="https management certificate for *",
    ),
    _appliance(
        "Cisco IOS",
        "https://www.cisco.com/c/en/us/support/docs/field-notices/704/fn70489.html",
        cn="ios-self-signed-certificate*",
    ),
    _appliance("Cisco ASA", _subject(395), cn="asa temporary self signed*"),
    _appliance("TrueNAS", _TRUENAS, o="ixsystems*"),
    _appliance("a FRITZ!Box", "https://en.fritz.com/service/", cn="*fritz.box"),
    _appliance("Supermicro IPMI", _subject(136), o="super micro*"),
    _appliance(
        "the IIS management service (WMSvc)",
        "https://learn.microsoft.com/iis/manage/remote-administration/"
        "remote-administration-for-iis-manager",
        cn="wmsvc*",
    ),
    _appliance("Zimbra", _subject(1792), ou="zimbra collaboration*"),
    _appliance(
        "Exchange Server",
        f"{_LEARN}/exchange/architecture/client-access/certificates",
        cn="microsoft exchange*",
    ),
    _appliance(
        "Windows Admin Center",
        f"{_LEARN}/windows-server/manage/windows-admin-center/deploy/install",
        cn="windows admin center",
    ),
    _appliance(
        "Wazuh",
        "https://documentation.wazuh.com/current/user-manual/wazuh-dashboard/certificates.html",
        o="wazuh",
        ou="wazuh",
    ),
    _appliance(
        "HPE iLO",
        _HPE,
        issuer_cn="default issuer (do not trust)",
    ),
    _appliance(
        "a management controller with AMI MegaRAC firmware",
        _subject(295),
        o="american megatrends*",
    ),
    _appliance(
        "Nutanix Prism",
        "https://portal.nutanix.com/page/documents/details?targetId=Nutanix-Security-Guide",
        cn="*.nutanix.local",
    ),
    _appliance("WatchGuard", _subject(1163), o="watchguard*"),
    _appliance("Barracuda", "https://campus.barracuda.com/", o="barracuda networks*"),
    _appliance("OpenWrt", "https://openwrt.org/docs/guide-user/luci/luci.secure", cn="openwrt"),
    _appliance("an ASUS router", "https://www.asus.com/support/", cn="router.asus.com"),
    _appliance("a TP-Link router", "https://www.tp-link.com/support/", cn="tplinkwifi.net"),
    _appliance(
        "an Aruba controller",
        _subject(1154),
        cn="securelogin.arubanetworks.com",
    ),
    _appliance("an Axis device", _subject(1402), o="axis communications*"),
)
